/** Damages a small file as a bad disk, a power cut or an editor does. */
import { writeFileSync } from 'node:fs';

type Damage = (bytes: Buffer, random: () => number) => Buffer;

function place(bytes: Buffer, random: () => number): number {
  return Math.floor(random() * bytes.length);
}

const DAMAGES = {
  flipped(bytes, random) {
    const changed = Buffer.from(bytes);
    const at = place(bytes, random);
    changed[at] = (changed[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    return changed;
  },
  torn: (bytes, random) => bytes.subarray(0, place(bytes, random)),
  'zeroed from there on': (bytes, random) => {
    const changed = Buffer.from(bytes);
    return changed.fill(0, place(bytes, random));
  },
  'zeroed for a while': (bytes, random) => {
    const changed = Buffer.from(bytes);
    const at = place(bytes, random);
    return changed.fill(0, at, Math.min(at + 40, changed.length));
  },
  'added to': (bytes, random) =>
    Buffer.concat([bytes, Buffer.from(random() < 0.5 ? '{"type":"part","ind' : '\0\0\x1b[2Jgarbage\n')]),
  'short of a line': (bytes, random) => {
    const lines = bytes.toString('latin1').split(/(?<=\n)/);
    // Never the first: what is missing at the end of a journal the service's own list tells.
    lines.splice(1 + Math.floor(random() * (lines.length - 1)), 1);
    return Buffer.from(lines.join(''), 'latin1');
  },
  'with a line twice': (bytes, random) => {
    const lines = bytes.toString('latin1').split(/(?<=\n)/);
    const at = Math.floor(random() * lines.length);
    lines.splice(at, 0, lines[at] ?? '');
    return Buffer.from(lines.join(''), 'latin1');
  },
  'of a newer version': (bytes) =>
    Buffer.from(bytes.toString('latin1').replace('"version":1', '"version":2'), 'latin1'),
  emptied: () => Buffer.alloc(0),
} satisfies Record<string, Damage>;

/** Damages the file in one of these ways. @returns in which */
export function damageOne(path: string, whole: Buffer, random: () => number): string {
  const kinds = Object.keys(DAMAGES) as (keyof typeof DAMAGES)[];
  const kind = kinds[Math.floor(random() * kinds.length)] as keyof typeof DAMAGES;
  writeFileSync(path, DAMAGES[kind](whole, random));
  return kind;
}

/** Returns true if the file was cut off before a `completing` record that was on disk and synced. */
export function isCutBeforeCompleting(whole: Buffer, damaged: Buffer): boolean {
  const start = whole.indexOf('{"type":"completing"');
  return start >= damaged.length && whole.subarray(0, damaged.length).equals(damaged);
}
