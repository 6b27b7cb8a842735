/** Lets works on the same thing follow each other, while works on others go on at the same time. */
export class OneAtATime {
  /** The last work on each thing that is not done. */
  readonly #last = new Map<string, Promise<unknown>>();

  /** Starts the work when all earlier works on the same thing have ended, with whatever outcome. */
  async run<T>(thing: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(thing) ?? Promise.resolve();
    const own = before.then(work, work);
    this.#last.set(thing, own);
    try {
      return await own;
    } finally {
      if (this.#last.get(thing) === own) this.#last.delete(thing);
    }
  }
}
