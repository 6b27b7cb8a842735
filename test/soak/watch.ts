/** Measures the memory and the open file descriptors of another process while it works. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Sample {
  /** The progress of the upload, from 0 to 1. */
  readonly done: number;
  readonly residentMiB: number;
  readonly descriptors: number;
}

/** @returns null where the process is gone */
function look(pid: number, done: number): Sample | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const residentMiB = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
    return { done, residentMiB, descriptors: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return null;
  }
}

/** Looks every so many ms until `stop`. */
export function watch(pid: number, done: () => number, everyMs: number) {
  const samples: Sample[] = [];
  const timer = setInterval(() => {
    const sample = look(pid, done());
    if (sample !== null && Number.isFinite(sample.residentMiB)) samples.push(sample);
  }, everyMs);
  return { samples, stop: () => clearInterval(timer) };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** The middle of what was held while the upload was between these shares. */
export function heldBetween(samples: readonly Sample[], from: number, to: number): Sample | null {
  const within = samples.filter(({ done }) => done >= from && done < to);
  if (within.length === 0) return null;
  return {
    done: from,
    residentMiB: median(within.map(({ residentMiB }) => residentMiB)),
    descriptors: median(within.map(({ descriptors }) => descriptors)),
  };
}
