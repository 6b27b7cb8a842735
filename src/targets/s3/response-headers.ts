/** Hides the headers of a response that calve does not read, because the SDK fails on values that it cannot parse. */
import type { S3Client } from '@aws-sdk/client-s3';

/**
 * Matches the headers that calve reads. Some stores give others in a format of their own: the date of `x-amz-abort-date`
 * is in ISO 8601 at Wasabi. The SDK then rejects a response whose upload exists.
 */
const READ =
  /^(content-(length|type)|etag|location|date|x-amz-(request-id|id-2|bucket-region|storage-class|restore|version-id|checksum-.+|meta-.+|server-side-encryption(-aws-kms-key-id|-customer-algorithm)?))$/;

/** Makes the client see only these headers of a success. A failure keeps all of its headers. */
export function hideUnreadHeaders(client: S3Client): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const response = result.response as { statusCode: number; headers: Record<string, string> };
      if (response.statusCode >= 200 && response.statusCode < 300) {
        const read = Object.entries(response.headers).filter(([name]) => READ.test(name.toLowerCase()));
        response.headers = Object.fromEntries(read);
      }
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'responseHeaders' },
  );
}
