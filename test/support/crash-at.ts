/**
 * Loaded before the program (`node --import`): ends it with SIGKILL at one exact operation on its own files, named by
 * CRASH_AT. The wrapped functions are those that src/state calls; syncs are none of them, because a killed process
 * loses nothing that it had written.
 */
import { constants, writeSync } from 'node:fs';
import fs, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';

export interface CrashAt {
  /**
   * `within`: half of a write's bytes get through (what writes nothing is passed over). `stall`: no crash, but the
   * operation never ends, as on a disk that hangs.
   */
  readonly when: 'before' | 'within' | 'after' | 'stall';
  /** Counts the operations that match, from 1. */
  readonly nth?: number;
  /** A pattern over the operation's words, as in `^rename .*jsonl$`; all of them without it. */
  readonly matching?: string;
}

/** The environment of a program that is to end there. */
export function crashEnv(at: CrashAt): Record<string, string> {
  return { NODE_OPTIONS: `--import=${import.meta.url}`, CRASH_AT: JSON.stringify(at) };
}

type Call = (...args: never[]) => unknown;
type Halve = (args: unknown[]) => unknown[];

interface Operation {
  /** Describes it in words: `write /home/x/.local/state/… {"type":"part"…`; null: not counted. */
  readonly words: (self: unknown, args: unknown[]) => string | null;
  /** The arguments that write the first half. */
  readonly halve?: Halve;
}

const paths = new WeakMap<object, string>();
const pathOf = (self: unknown): string => paths.get(self as object) ?? '';
const half = (data: unknown): Buffer => {
  const bytes = Buffer.from(data as Buffer);
  return bytes.subarray(0, bytes.length / 2);
};

function ofPath(name: string, halve?: Halve): Operation {
  const words: Operation['words'] = (_, args) =>
    [name, ...args.filter((each) => typeof each === 'string')].join(' ');
  return halve === undefined ? { words } : { words, halve };
}

const FUNCTIONS: Record<string, Operation> = {
  mkdir: ofPath('mkdir'),
  chmod: ofPath('chmod'),
  rename: ofPath('rename'),
  unlink: ofPath('unlink'),
  rmdir: ofPath('rmdir'),
  writeFile: ofPath('writeFile', ([path, data, options]) => [path, half(data), options]),
  open: {
    words: (_, [path, flags]) =>
      typeof flags === 'number' && (flags & constants.O_CREAT) !== 0 ? `create ${path}` : null,
  },
};

const METHODS: Record<string, Operation> = {
  chmod: { words: (self) => `chmod ${pathOf(self)}` },
  // Buffers as they are, from an offset: what src/state/line-appender writes.
  write: {
    words: (self, [data]) => `write ${pathOf(self)} ${data}`,
    halve: ([data]) => [half(data)],
  },
  appendFile: {
    words: (self, [data]) => `write ${pathOf(self)} ${data}`,
    halve: ([data]) => [half(data)],
  },
};

let seen = 0;

function isTheOne(at: CrashAt, operation: Operation, words: string | null): boolean {
  if (words === null || (at.when === 'within' && operation.halve === undefined)) return false;
  if (!new RegExp(at.matching ?? '', 's').test(words)) return false;
  seen += 1;
  return seen === (at.nth ?? 1);
}

function stall(words: string): Promise<never> {
  writeSync(2, `stalled ${words.slice(0, 100)}\n`);
  return new Promise(() => setInterval(() => undefined, 1000));
}

function die(at: CrashAt, words: string): never {
  writeSync(2, `SIGKILL ${at.when} ${words.replaceAll(/[^ -~]/g, '?').slice(0, 300)}\n`);
  process.kill(process.pid, 'SIGKILL');
  // The signal ends every thread; this one must not go on until it does.
  return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) as never;
}

function wrap(holder: Record<string, Call>, name: string, operation: Operation, at: CrashAt): void {
  const original = holder[name] as (...args: unknown[]) => Promise<unknown>;
  holder[name] = async function (this: unknown, ...args: unknown[]) {
    const words = operation.words(this, args);
    if (words === null || !isTheOne(at, operation, words)) return original.apply(this, args);
    if (at.when === 'stall') return stall(words);
    if (at.when === 'before') die(at, words);
    const given = at.when === 'within' ? (operation.halve?.(args) ?? args) : args;
    // The operation counts even if it fails, because a folder exists already or its parent does not.
    await original.apply(this, given).catch(() => undefined);
    return die(at, words);
  };
}

/** Files are named by their handles from here on. */
function rememberPaths(): void {
  const { open } = fs;
  fs.open = async (path, ...rest) => {
    const file = await open(path, ...rest);
    paths.set(file, String(path));
    return file;
  };
}

function watchPrinting(at: CrashAt): void {
  const { stdout } = process;
  const write = stdout.write.bind(stdout) as (...args: unknown[]) => boolean;
  stdout.write = (...args: unknown[]) => {
    const words = `print ${args[0]}`;
    if (!isTheOne(at, { words: () => words }, words)) return write(...args);
    if (at.when === 'before') die(at, words);
    write(...args);
    return die(at, words);
  };
}

async function install(at: CrashAt): Promise<void> {
  const any: FileHandle = await fs.open(process.execPath);
  const methods = Object.getPrototypeOf(any) as Record<string, Call>;
  await any.close();
  rememberPaths();
  for (const [name, operation] of Object.entries(METHODS)) wrap(methods, name, operation, at);
  const functions = fs as unknown as Record<string, Call>;
  for (const [name, operation] of Object.entries(FUNCTIONS)) wrap(functions, name, operation, at);
  watchPrinting(at);
  syncBuiltinESMExports();
}

const wish = process.env['CRASH_AT'];
if (isMainThread && wish !== undefined) await install(JSON.parse(wish) as CrashAt);
