/**
 * Options of a thread whose output nobody reads. Node and packages also print warnings in threads, where only calve may
 * print. The main thread keeps such lines in memory, and drops them with the thread.
 */
export const QUIET_THREAD = { stdout: true, stderr: true } as const;
