/**
 * A stream that a program gives belongs to the call, from the first moment on: its errors end the call, and never the
 * process. This loads with the library, because a stream may fail while the code of the function is still loading.
 */

/** A stream of Node, or of a package with the same methods. */
interface NodeStream {
  on(event: 'error', listener: (error: unknown) => void): unknown;
  once(event: 'end', listener: () => void): unknown;
  destroy(): unknown;
  readonly destroyed?: boolean;
  readonly readableEnded?: boolean;
}

interface Watched {
  failure: { readonly error: unknown } | null;
  hasEnded: boolean;
}

const watched = new WeakMap<object, Watched>();

function isNodeStream(source: unknown): source is NodeStream {
  const { on, once, destroy } = Object(source ?? {}) as Partial<NodeStream>;
  return [on, once, destroy].every((method) => typeof method === 'function');
}

/** The listener always stays: a stream may also fail while it is being closed. */
function watch(source: unknown): void {
  if (!isNodeStream(source) || watched.has(source)) return;
  const facts: Watched = { failure: null, hasEnded: false };
  watched.set(source, facts);
  source.on('error', (error) => {
    facts.failure ??= { error };
  });
  source.once('end', () => {
    facts.hasEnded = true;
  });
}

/**
 * Returns why a stream has failed, although its iterator ended as if all bytes had come: the iterators of
 * `readable-stream` 3 do that. Null: it has not failed.
 */
export function failureOf(source: unknown): { readonly error: unknown } | null {
  const facts = watched.get(Object(source));
  if (facts === undefined) return null;
  const { destroyed, readableEnded } = source as NodeStream;
  const isCut = destroyed === true && readableEnded !== true && !facts.hasEnded;
  return facts.failure ?? (isCut ? { error: new Error('it was closed before its end') } : null);
}

/** Closes a stream that nobody reads any more. */
async function release(source: unknown): Promise<void> {
  const { getReader, locked, cancel } = Object(source ?? {}) as Partial<ReadableStream>;
  try {
    if (isNodeStream(source)) source.destroy();
    else if (getReader !== undefined && locked === false) await cancel?.call(source as ReadableStream);
  } catch {
    // The call rejects with the error that came first.
  }
}

/** Runs a call that takes a source, and closes the source if the call fails for any reason. */
export async function withSource<T>(source: unknown, call: () => Promise<T>): Promise<T> {
  watch(source);
  try {
    return await call();
  } catch (error) {
    void release(source);
    throw error;
  }
}
