/** One run of `calve fleet send` on a machine of its own, which reaches the service over a front of its own. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ended, Running } from '../support/calve.js';
import { startFront } from '../support/front.js';
import { isPart, isPartList, type Passing, rangeOf } from '../support/requests.js';
import type { Cleanup } from '../support/temp.js';
import type { VaultHome } from '../support/vault-home.js';

const MIB_BYTES = 1024 * 1024;

/** The parts that the service holds, as all fronts have seen them arrive. */
export interface Held {
  readonly parts: Set<number>;
  /** Parts that a run has sent although the service held them before that run asked for its list. */
  readonly sentAgain: string[];
  accepted: number;
}

export interface MachineOptions {
  readonly home: VaultHome;
  readonly held: Held;
  readonly manifest: string;
  readonly words: readonly string[];
  /** Kills the run when it sends one part more than this; null: never. */
  readonly killAtPart: number | null;
  readonly name: string;
}

function indexOf(passing: Passing): number {
  return Number(/bytes (\d+)-/.exec(rangeOf(passing) ?? '')?.[1] ?? 0) / MIB_BYTES;
}

/** Runs `send` with a copy of the manifest whose endpoint is the front of this run. */
export async function runMachine(t: Cleanup, options: MachineOptions): Promise<Ended> {
  const { home, held, manifest, words, killAtPart, name } = options;
  let listed: ReadonlySet<number> | null = null;
  let sent = 0;
  let running: Running | null = null;
  const front = await startFront(t, home.emulator.url, {
    before: (passing) => {
      if (isPartList(passing)) listed ??= new Set(held.parts);
      if (!isPart(passing)) return 'pass';
      sent += 1;
      if (killAtPart !== null && sent > killAtPart) {
        running?.child.kill('SIGKILL');
        return 'hold';
      }
      const index = indexOf(passing);
      if (listed?.has(index)) held.sentAgain.push(`${name} sent part ${index}`);
      return 'pass';
    },
    after: (passing, status) => {
      if (!isPart(passing) || status !== 204) return 'pass';
      held.parts.add(indexOf(passing));
      held.accepted += 1;
      return 'pass';
    },
  });
  const copy = join(home.folder, `${name}.fleet`);
  const read = JSON.parse(readFileSync(manifest, 'utf8')) as { target: object };
  writeFileSync(copy, JSON.stringify({ ...read, target: { ...read.target, endpoint: front.url } }));
  running = home.start(['fleet', 'send', copy, ...words]);
  return running.ended;
}
