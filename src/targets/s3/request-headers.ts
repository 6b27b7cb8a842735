/** Parses and adds the headers of `--request-header NAME=VALUE`, for which calve has no option of its own. */
import type { S3Client } from '@aws-sdk/client-s3';
import { TransferError } from '../../core/failures.js';

/** By lower-case name. */
export type RequestHeaders = ReadonlyMap<string, string>;

/** Matches headers that the client sets itself, or that would break its signature or the body. */
const RESERVED =
  /^(host|authorization|connection|content-length|content-md5|content-range|expect|range|transfer-encoding|if-none-match|user-agent|x-(amz|obs)-(content-sha256|date|security-token|storage-class|tagging|checksum-.*|sdk-.*|meta-calve-upload))$/;

/** Matches the headers that every call of an upload needs: customer keys, request payer and bucket owner. */
const EVERY_CALL = /^x-(amz|obs)-(server-side-encryption-customer-|request-payer$|expected-bucket-owner$)/;

/** The calls that send all the headers: those that set the properties of an object, and commands of a single call. */
const CALLS_WITH_ALL = new Set([
  ...['CreateMultipartUpload', 'PutObject'],
  ...['ListMultipartUploads', 'AbortMultipartUpload'],
]);

/**
 * @param given one `NAME=VALUE` for each use of the option
 * @throws TransferError `usage`; the value is never shown
 */
export function parseRequestHeaders(given: readonly string[]): RequestHeaders {
  const headers = new Map<string, string>();
  for (const each of given) {
    const split = each.indexOf('=');
    const name = (split < 0 ? each : each.slice(0, split)).toLowerCase();
    const value = each.slice(split + 1);
    const refuse = (why: string): never => {
      const hint = 'for example --request-header x-amz-meta-origin=nas';
      throw new TransferError('usage', { what: `--request-header ${name}`, why, hint });
    };
    // Source: RFC 9110, "Field Names" and "Field Values".
    if (split < 0 || !/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) refuse('a header is written as NAME=VALUE');
    if (!/^[\t\x20-\x7e]*$/.test(value)) refuse('a header can have only printable ASCII characters');
    if (RESERVED.test(name)) refuse('calve sets that header itself');
    if (headers.has(name)) refuse('it is set twice');
    headers.set(name, value);
  }
  return headers;
}

/** Makes the client add the headers before it signs a request. */
export function addHeaders(client: S3Client, headers: RequestHeaders): void {
  if (headers.size === 0) return;
  client.middlewareStack.add(
    (next, context) => (args) => {
      const request = args.request as { headers: Record<string, string> };
      const sendsAll = CALLS_WITH_ALL.has(String(context.commandName).replace(/Command$/, ''));
      for (const [name, value] of headers) {
        if (sendsAll || EVERY_CALL.test(name)) request.headers[name] = value;
      }
      return next(args);
    },
    { step: 'build', priority: 'low', name: 'requestHeaders' },
  );
}
