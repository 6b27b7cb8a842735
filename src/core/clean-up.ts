/**
 * Ends what is no longer needed, one step after the other. Never fails: the result, or the failure that came before, is
 * what the user must hear, and a close of something that was only read loses nothing.
 */
export async function cleanUp(...steps: readonly (() => unknown)[]): Promise<void> {
  for (const step of steps) {
    try {
      await step();
    } catch {
      // The next steps are still needed.
    }
  }
}
