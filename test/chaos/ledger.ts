/**
 * Records the parts that passed between one file's runs and the service, and finds parts that were sent again although
 * the service had confirmed them.
 */
import type { FrontHooks } from '../support/front.js';
import { headerOf, isCreate, isPart, type Passing, rangeOf } from '../support/requests.js';

export class Ledger {
  /** Upload ids that a run addressed: it had them on disk, so it has to bring them to an end. */
  readonly addressed = new Set<string>();
  /** Parts that went again although the service had confirmed them with the hash that was sent. */
  readonly needless: string[] = [];
  begins = 0;
  partsSent = 0;
  readonly #held = new Set<string>();
  readonly #runOf = new WeakMap<Passing, number>();
  #run = 0;

  /**
   * Another run begins. What is still on its way was in flight when the one before died: whether the service takes it
   * before or after the next run asks what it holds, nobody can tell.
   */
  beginRun(): void {
    this.#run += 1;
  }

  /** Looks on; `next` may hold requests back. */
  hooks(next: FrontHooks = {}): FrontHooks {
    return {
      before: async (passing) => {
        const what = (await next.before?.(passing)) ?? 'pass';
        if (what === 'pass') this.#seeRequest(passing);
        return what;
      },
      after: (passing, status, headers) => {
        const isWhole = headers['x-amz-sha256-tree-hash'] === headerOf(passing, 'x-amz-sha256-tree-hash');
        const isHeard = this.#runOf.get(passing) === this.#run;
        if (isPart(passing) && status === 204 && isWhole && isHeard) this.#held.add(keyOf(passing));
        return next.after?.(passing, status, headers) ?? 'pass';
      },
    };
  }

  #seeRequest(passing: Passing): void {
    this.#runOf.set(passing, this.#run);
    const uploadId = /\/multipart-uploads\/([^/?]+)/.exec(passing.path)?.[1];
    if (uploadId !== undefined) this.addressed.add(decodeURIComponent(uploadId));
    if (isCreate(passing)) this.begins += 1;
    if (!isPart(passing)) return;
    this.partsSent += 1;
    if (this.#held.has(keyOf(passing))) this.needless.push(keyOf(passing));
  }
}

function keyOf(passing: Passing): string {
  return `${passing.path} ${rangeOf(passing)}`;
}
