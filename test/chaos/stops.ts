/** Ends a run early, by SIGKILL or by a polite signal, at an instant that a seed draws. */
import type { Ended } from '../support/calve.js';
import { type CrashAt, crashEnv } from '../support/crash-at.js';
import type { FrontHooks } from '../support/front.js';
import type { Field } from './ground.js';

type Random = () => number;
type Polite = 'SIGINT' | 'SIGTERM';

/** A signal's exit number (docs: 128 and the signal's own). */
const POLITE_CODES: Readonly<Record<Polite, number>> = { SIGINT: 130, SIGTERM: 143 };
/** calve promises two seconds; the machine that runs three of them at once may take some more to notice. */
const POLITE_WITHIN_MS = 2000;
const MACHINE_MS = 500;

/**
 * `time`: after this share of what a run takes. `request`: at the nth request, before it is forwarded or with its
 * answer in hand. `file`: at the nth operation on a file of its own.
 */
export type Stop =
  | { readonly at: 'never' }
  | { readonly at: 'time'; readonly share: number; readonly signal: 'SIGKILL' | Polite }
  | { readonly at: 'request'; readonly nth: number; readonly moment: 'before' | 'after' }
  | { readonly at: 'file'; readonly crash: CrashAt };

export const NEVER: Stop = { at: 'never' };

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)] as T;
}

/** Half by the clock, the rest at requests and file operations, where the narrow gaps between two steps are hit. */
export function drawStop(random: Random, parts: number): Stop {
  const kind = random();
  if (kind < 0.45) return { at: 'time', share: 0.15 + random(), signal: 'SIGKILL' };
  if (kind < 0.6) {
    const signal = pick<Polite>(random, ['SIGINT', 'SIGTERM']);
    return { at: 'time', share: 0.15 + random(), signal };
  }
  if (kind < 0.85) {
    const moment = pick(random, ['before', 'after'] as const);
    // Describe, begin, parts, complete; a few more for what is tried again.
    return { at: 'request', nth: 1 + Math.floor(random() * (parts + 5)), moment };
  }
  const when = pick(random, ['before', 'within', 'after'] as const);
  const nth = 1 + Math.floor(random() * (when === 'within' ? parts + 6 : 70));
  return { at: 'file', crash: { when, nth } };
}

/** Learns how long an undisturbed run takes on this machine. */
export class Span {
  #ms = 1500;

  get ms(): number {
    return this.#ms;
  }

  learn(tookMs: number): void {
    this.#ms = 0.8 * this.#ms + 0.2 * tookMs;
  }
}

export interface Stopped extends Ended {
  /** From the signal to the end; null where none was sent in time. */
  readonly stoppedMs: number | null;
  readonly tookMs: number;
}

/** Runs the line, and ends it there; a run that is through before ends by itself. */
export async function runStopped(
  field: Field,
  words: readonly string[],
  stop: Stop,
  span: Span,
): Promise<Stopped> {
  const startedMs = performance.now();
  let signalledMs: number | null = null;
  if (stop.at === 'request') field.hook(killAtRequest(stop, () => running.child.kill('SIGKILL')));
  const running = field.start(words, stop.at === 'file' ? crashEnv(stop.crash) : {});
  let timer: NodeJS.Timeout | undefined;
  if (stop.at === 'time') {
    timer = setTimeout(() => {
      signalledMs = performance.now();
      running.child.kill(stop.signal);
    }, stop.share * span.ms);
  }
  const ended = await running.ended;
  clearTimeout(timer);
  field.hook({});
  const tookMs = performance.now() - startedMs;
  if (stop.at === 'never') span.learn(tookMs);
  const stoppedMs = signalledMs === null ? null : performance.now() - signalledMs;
  return { ...ended, stoppedMs, tookMs };
}

function killAtRequest(stop: Extract<Stop, { at: 'request' }>, kill: () => void): FrontHooks {
  let seen = 0;
  const spring = (): 'pass' | 'hold' => {
    seen += 1;
    if (seen !== stop.nth) return 'pass';
    kill();
    return 'hold';
  };
  return stop.moment === 'before' ? { before: spring } : { after: spring };
}

/** @returns what is wrong with how a run ended that was stopped so; null: nothing */
export function judgeEnd(ended: Stopped, stop: Stop): string | null {
  const { code, signal, stdout, stderr } = ended;
  const isThrough = code === 0;
  // The line was too bad, or a hash stayed wrong: both say to run it again.
  const gaveUp = code === 3 || (code === 14 && /checksum of /.test(stderr));
  if (isThrough || gaveUp) return null;
  if (stop.at === 'never') return `it ended with ${code ?? signal}`;
  if (stop.at === 'time' && stop.signal !== 'SIGKILL') {
    // A process that has not set its handlers yet, or has dropped them at its very end, is ended by the system:
    // nothing was done then, or all of it, and printed.
    const isBare = signal === stop.signal && (stderr === '' || stdout !== '');
    const isPolite = code === POLITE_CODES[stop.signal] || isBare;
    if (!isPolite) return `${stop.signal} ended it with ${code ?? signal}`;
    const tookMs = ended.stoppedMs ?? 0;
    return tookMs <= POLITE_WITHIN_MS + MACHINE_MS ? null : `${stop.signal} took ${Math.round(tookMs)} ms`;
  }
  return signal === 'SIGKILL' ? null : `it ended with ${code ?? signal}`;
}
