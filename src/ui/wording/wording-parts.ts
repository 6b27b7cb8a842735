/** What the wordings of failures are put together from. */
import type { FailureKind, ServiceAnswer, TransferError } from '../../core/failures.js';
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

export type Describe<K extends FailureKind> = (
  error: TransferError<K>,
  env: WordingEnvironment,
) => FailureWording;

const SERVICE_MESSAGE_MAX_LENGTH = 300;
const SERVICE_FIELD_MAX_LENGTH = 128;

/** A file's path, or what was read instead of one. */
export function safeFile(file: string): string {
  return isStandardInput(file) ? 'standard input' : safeWhole(file);
}

/** ` (FILE to TARGET)`, as far as it is known: a run of many files must say which one failed. */
export function inBrackets(error: TransferError): string {
  const { file, target } = error.context;
  const words = [file, target].filter((word) => word !== undefined).map(safeFile);
  return words.length === 0 ? '' : ` (${words.join(' to ')})`;
}

/** What the service's own names of operations mean. */
const SERVICE_OPERATIONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    DescribeVault: 'find the vault',
    CreateVault: 'make the vault',
    HeadBucket: 'find the bucket',
    HeadObject: 'look at the object',
    CreateMultipartUpload: 'begin the upload',
    UploadPart: 'send a part',
    InitiateMultipartUpload: 'begin the upload',
    UploadMultipartPart: 'send a part',
    ListParts: 'list the parts',
    ListMultipartUploads: 'list the uploads',
    CompleteMultipartUpload: 'complete the upload',
    AbortMultipartUpload: 'abort the upload',
  }),
);

/** @param operation a verb and its object (`send part 17`), or the service's own name of it (`UploadMultipartPart`) */
export function couldNot(operation: string, error: TransferError): string {
  const words = safeText(SERVICE_OPERATIONS.get(operation) ?? operation);
  const isServiceName = /^[A-Z][A-Za-z]+$/.test(words);
  return `${isServiceName ? `${words} failed` : `could not ${words}`}${inBrackets(error)}`;
}

/**
 * What the service itself said, for its operators: `; the service said: MESSAGE (CODE, HTTP 403, request id ID)`.
 * @param told the words it is appended to; a message that they hold already is not repeated
 */
export function withServiceWords(told: string, service: ServiceAnswer | null): string {
  if (service === null) return told;
  const message = safeText(service.message ?? '', SERVICE_MESSAGE_MAX_LENGTH);
  const field = (label: string, value: string | number | null) =>
    value === null ? [] : [label + safeText(String(value), SERVICE_FIELD_MAX_LENGTH)];
  const marks = [
    ...field('', service.code),
    ...field('HTTP ', service.httpStatus),
    ...field('request id ', service.requestId),
    ...field('host id ', service.hostId),
    ...field('resource ', service.resource),
  ].join(', ');
  const isNew = message !== '' && !told.includes(message);
  if (!isNew) return marks === '' ? told : `${told} (${marks})`;
  return `${told}; the service said: ${message}${marks === '' ? '' : ` (${marks})`}`;
}

/** A fix first, and then the line that goes on, where the upload can. */
export function thenResume(fix: string, error: TransferError, env: WordingEnvironment): string {
  const line = resumeLine(error.context, env);
  return line === null ? fix : `${fix}, then: ${line}`;
}

/** The line that goes on and nothing else, so that it can be pasted whole; where there is none, `otherwise`. */
export function resumeOr(otherwise: string, error: TransferError, env: WordingEnvironment): string {
  return resumeLine(error.context, env) ?? otherwise;
}

export function withDetail(words: string, detail: string | null): string {
  return detail === null || detail === '' ? words : `${words}: ${safeText(detail)}`;
}

/** Which kind of target it was about: what mends a failure differs. Null where that is not known. */
export function schemeOf(error: TransferError): Scheme | null {
  const scheme = /^([a-z0-9]+):\/\//.exec(error.context.target ?? '')?.[1];
  return SCHEMES.find((known) => known === scheme) ?? null;
}

/** Whether it was about an object, which can be looked at. */
export function isObject(error: TransferError): boolean {
  const scheme = schemeOf(error);
  return scheme !== null && storesObjects(scheme);
}
