/** The parts that the wordings of failures share. */
import {
  type FailureKind,
  isFailure,
  type ServiceResponse,
  type TransferError,
} from '../../core/failures.js';
import { isStandardInput } from '../../core/identity.js';
import { SCHEMES, type Scheme, storesObjects } from '../../core/target-url.js';
import { safeText, safeWhole } from '../text/safe-text.js';
import { resumeLine, type WordingEnvironment } from './paste-line.js';

/** Printed as `calve: WHAT: WHY`, then `hint: WHAT TO DO`. All of it is safe to print. */
export interface FailureWording {
  readonly what: string;
  readonly why: string;
  readonly hint: string | null;
}

export type FailureDescriber<K extends FailureKind> = (
  error: TransferError<K>,
  env: WordingEnvironment,
) => FailureWording;

export const RUN_AGAIN = 'run the same command again';

const SERVICE_MESSAGE_MAX_LENGTH = 300;
const SERVICE_FIELD_MAX_LENGTH = 128;

/** Returns `1 part` or `10,000 parts`. */
export function count(n: number, noun: string): string {
  return `${n.toLocaleString('en-US')} ${noun}${n === 1 ? '' : 's'}`;
}

/** Returns the path of a file, or the name of the stream that was read instead. */
export function safeFile(file: string): string {
  return isStandardInput(file) ? 'standard input' : safeWhole(file);
}

/** Returns ` (FILE to TARGET)`, as far as both are known: a run of many files must say which one failed. */
export function inBrackets(error: TransferError): string {
  const { file, target } = error.context;
  const words = [file, target].filter((word) => word !== undefined).map(safeFile);
  return words.length === 0 ? '' : ` (${words.join(' to ')})`;
}

/** The service's names of operations, in words. */
const SERVICE_OPERATIONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    FindCredentials: 'find the credentials',
    DescribeVault: 'find the vault',
    CreateVault: 'create the vault',
    HeadBucket: 'find the bucket',
    HeadObject: 'read the metadata of the object',
    CreateMultipartUpload: 'create the upload',
    UploadPart: 'send a part',
    PutObject: 'send the object',
    InitiateMultipartUpload: 'create the upload',
    UploadMultipartPart: 'send a part',
    ListParts: 'list the parts',
    ListMultipartUploads: 'list the uploads',
    ListObjects: 'list the objects',
    ListJobs: 'list the jobs of the vault',
    InitiateJob: 'start the inventory of the vault',
    DescribeJob: 'read the state of the inventory',
    GetJobOutput: 'read the inventory',
    CompleteMultipartUpload: 'complete the upload',
    AbortMultipartUpload: 'abort the upload',
  }),
);

/** @param operation a verb and its object (`send part 17`), or the service's name for it (`UploadMultipartPart`) */
export function couldNot(operation: string, error: TransferError): string {
  const words = safeText(SERVICE_OPERATIONS.get(operation) ?? operation);
  const lacksCredentials = isFailure(error, 'refused') && error.facts.why === 'no-credentials';
  // "Could not find the vault" would read as if the service had answered that there is none.
  if (lacksCredentials && operation !== 'FindCredentials' && SERVICE_OPERATIONS.has(operation)) {
    return `could not ask the service to ${words}${inBrackets(error)}`;
  }
  const isServiceName = /^[A-Z][A-Za-z]+$/.test(words);
  return `${isServiceName ? `${words} failed` : `could not ${words}`}${inBrackets(error)}`;
}

/** Returns the service's status and headers for `--debug`, one a line; '' if no response arrived. */
export function responseLines(service: ServiceResponse | null): string {
  if (service === null) return '';
  const { httpStatus, reason = null, headers = {} } = service;
  const status = ['response: HTTP', httpStatus ?? 'unknown', reason ?? ''].join(' ').trimEnd();
  const lines = Object.entries(headers).map(([name, value]) => `response header ${name}: ${value}`);
  return [status, ...lines].map((line) => `${safeText(line, SERVICE_MESSAGE_MAX_LENGTH)}\n`).join('');
}

/**
 * Appends the service's own words, which its operators need: `; the service said: MESSAGE (CODE, HTTP 403, request id
 * ID)`. A message that `words` contain already is not repeated.
 */
export function withServiceWords(words: string, service: ServiceResponse | null): string {
  if (service === null) return words;
  const message = safeText(service.message ?? '', SERVICE_MESSAGE_MAX_LENGTH);
  const field = (label: string, value: string | number | null) =>
    value === null ? [] : [label + safeText(String(value), SERVICE_FIELD_MAX_LENGTH)];
  const marks = [
    ...field('', service.code),
    ...field('HTTP ', service.httpStatus),
    ...field('request id ', service.requestId),
    ...field('host id ', service.hostId),
    ...field('resource ', service.resource),
    ...field('indicator ', service.indicator ?? null),
  ].join(', ');
  const isNew = message !== '' && !words.includes(message);
  if (!isNew) return marks === '' ? words : `${words} (${marks})`;
  return `${words}; the service said: ${message}${marks === '' ? '' : ` (${marks})`}`;
}

/** Returns the fix, followed by the command line that resumes the upload, if it can be resumed. */
export function thenResume(fix: string, error: TransferError, env: WordingEnvironment): string {
  const line = resumeLine(error.context, env);
  return line === null ? fix : `${fix}, then: ${line}`;
}

/** Returns only the command line that resumes the upload, ready to paste; `otherwise` if it cannot be resumed. */
export function resumeOr(otherwise: string, error: TransferError, env: WordingEnvironment): string {
  return resumeLine(error.context, env) ?? otherwise;
}

export function withDetail(words: string, detail: string | null): string {
  return detail === null || detail === '' ? words : `${words}: ${safeText(detail)}`;
}

/** Returns the scheme of the failure's target, on which the fix depends; null if it is not known. */
export function schemeOf(error: TransferError): Scheme | null {
  const scheme = /^([a-z0-9]+):\/\//.exec(error.context.target ?? '')?.[1];
  return SCHEMES.find((each) => each === scheme) ?? null;
}

/** Returns true if the failure is about an object, and not about an archive in a vault. */
export function isObject(error: TransferError): boolean {
  const scheme = schemeOf(error);
  return scheme !== null && storesObjects(scheme);
}
