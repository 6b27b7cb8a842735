/** Works on many items at once, in bounded memory, and gives the results in the order of the items. */
import { types } from 'node:util';

/** Results that wait for an earlier one. Most items need no work, so this is far more than the work at once. */
const WAITING_MAX = 1000;

interface Waiting<Result> {
  readonly result: Promise<Result>;
  isSettled: boolean;
}

/**
 * Yields the result of each item, in the order of the items. It starts the work of later items while an earlier one
 * takes long.
 * @param work starts at once; the caller limits how much of it runs at the same time
 * @throws the failure of the first item that fails, after the results of those before it
 */
export async function* resultsInOrder<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  work: (item: Item) => Result | Promise<Result>,
): AsyncGenerator<Result> {
  const waiting: Waiting<Result>[] = [];
  for await (const item of items) {
    const result = work(item);
    if (!types.isPromise(result) && waiting.length === 0) {
      yield result;
      continue;
    }
    waiting.push(waitingFor(result));
    while (waiting[0]?.isSettled || waiting.length > WAITING_MAX) yield await takeFirst(waiting);
  }
  while (waiting.length > 0) yield await takeFirst(waiting);
}

function takeFirst<Result>(waiting: Waiting<Result>[]): Promise<Result> {
  return (waiting.shift() as Waiting<Result>).result;
}

function waitingFor<Result>(result: Result | Promise<Result>): Waiting<Result> {
  if (!types.isPromise(result)) return { result: Promise.resolve(result), isSettled: true };
  const waiting = { result, isSettled: false };
  // A failure is reported in its turn. Until then it must not look as if nobody handled it.
  const settle = (): void => {
    waiting.isSettled = true;
  };
  result.then(settle, settle);
  return waiting;
}
