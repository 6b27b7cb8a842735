/** The messages between the main thread and a sending thread. */
import { type FailureFacts, type FailureKind, TransferError } from '../../core/failures.js';
import { isError } from '../../core/is-error.js';
import type { BytesLocation } from '../../transfer/ports/source.js';
import { AnswerError } from './answer-limits.js';
import type { HttpAgentOptions } from './http-agents.js';
import { isUntrusted, markUntrusted } from './trust.js';

/** The options of the connections of a thread. */
export interface ThreadOptions extends Omit<HttpAgentOptions, 'proxies'> {
  /** The variables that name proxies. */
  readonly proxyEnv: Readonly<Record<string, string | undefined>>;
  /** One Int32, which the thread increments twice a second. */
  readonly heartbeat: SharedArrayBuffer;
}

/** A request that is signed already. The fields are those of the SDK's HttpRequest. */
export interface SignedRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query: Readonly<Record<string, string | string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
}

export type ToThread =
  | {
      readonly kind: 'send';
      readonly id: number;
      readonly request: SignedRequest;
      readonly location: BytesLocation;
      /** See SentBytes. */
      readonly sent: SharedArrayBuffer;
    }
  | { readonly kind: 'abort'; readonly id: number };

export interface ThreadAnswer {
  readonly statusCode: number;
  readonly reason: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** An error as data: one that is sent between threads loses its class and its code. */
export interface ErrorData {
  readonly type: 'transfer' | 'answer' | 'untrusted' | 'other';
  readonly name: string;
  readonly message: string;
  /** `code`, `errno`, `syscall`, and the kind and the facts of a TransferError. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export type FromThread =
  | { readonly id: number; readonly answer: ThreadAnswer }
  | { readonly id: number; readonly error: ErrorData };

function typeOf(error: Error): ErrorData['type'] {
  if (error instanceof TransferError) return 'transfer';
  if (error instanceof AnswerError) return 'answer';
  return isUntrusted(error) ? 'untrusted' : 'other';
}

export function errorToData(thrown: unknown): ErrorData {
  const error = isError(thrown) ? thrown : new Error(String(thrown));
  const { code, errno, syscall } = error as NodeJS.ErrnoException;
  const { kind, facts } = error as Partial<TransferError>;
  const { name, message } = error;
  return { type: typeOf(error), name, message, fields: { code, errno, syscall, kind, facts } };
}

export function errorFromData({ type, name, message, fields }: ErrorData): Error {
  const { kind, facts, ...rest } = fields;
  if (type === 'transfer') return new TransferError(kind as FailureKind, facts as FailureFacts[FailureKind]);
  if (type === 'answer') return new AnswerError(message);
  const error = Object.assign(new Error(message), { name });
  for (const [key, value] of Object.entries(rest))
    if (value !== undefined) Object.assign(error, { [key]: value });
  if (type === 'untrusted') markUntrusted(error);
  return error;
}
