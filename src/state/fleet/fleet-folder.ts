/**
 * The folder of a fleet's receipts: `K.jsonl` for each share, `end.jsonl` for the end of the upload, and a lock for it.
 * Machines may share the folder, or have one each. Lines of another upload are passed over, so that a manifest that was
 * created again finds nothing of the earlier one.
 */
import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TransferError } from '../../core/failures.js';
import { systemCode, systemMessage } from '../../core/system-errors.js';
import type {
  FleetEnd,
  FleetEndRecord,
  FleetFolder,
  FleetReceipt,
  ReceiptsReading,
  ReceiptWriter,
} from '../../transfer/ports/fleet.js';
import { takeLock } from '../lock.js';
import { digits16 } from '../names.js';
import { type Processes, systemProcesses } from '../process-identity.js';
import { proveFolderWritable } from '../safe-file.js';
import { decodeEndLine, decodeReceipt, type EndLine, encodeEndLine, encodeReceipt } from './fleet-lines.js';
import { SharedLines } from './shared-lines.js';

const EXTENSION = '.jsonl';
const END_NAME = `end${EXTENSION}`;

export interface FleetFolderOptions {
  /** The folder that is written to, and read. */
  readonly path: string;
  /** Folders of other machines, or copies of them, that are read too. */
  readonly others: readonly string[];
  readonly uploadId: string;
  readonly processes?: Processes;
}

/** Returns the default folder of a manifest's receipts. */
export function receiptsFolderOf(manifestPath: string): string {
  return `${manifestPath}.receipts`;
}

/** Touches the disk on first use. */
export function openFleetFolder(options: FleetFolderOptions): FleetFolder {
  const { path, others, uploadId, processes = systemProcesses } = options;
  const upload = digits16(uploadId);
  const folders = [path, ...others];
  return {
    path,
    proveWritable: () => writable(path, () => prove(path)),
    readReceipts: (shard) => readReceipts(folders, upload, shard),
    openReceipts: (shard) => openReceipts(join(path, `${shard}${EXTENSION}`), upload),
    readEnd: () => readEnd(folders, upload),
    async openEnd() {
      const end = await readEnd(folders, upload);
      return new EndRecord(await openLines(join(path, END_NAME)), upload, end);
    },
    async lockEnd(lock) {
      const location = { folder: join(path, 'end.lock'), what: `the end of upload ${uploadId}` };
      return writable(path, () => takeLock(location, lock, processes));
    },
  };
}

const PROOF = Buffer.from('{}\n'.repeat(1000));

async function prove(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await proveFolderWritable(path, PROOF);
}

/** Runs work that writes to the folder. @throws TransferError `manifest` (receipts-not-writable) for errors of the system */
async function writable<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof TransferError ? systemCode(error.cause) : systemCode(error);
    if (code === null) throw error;
    const cause = error instanceof TransferError ? error.cause : error;
    throw failure('receipts-not-writable', path, cause);
  }
}

function failure(why: 'receipts-not-writable' | 'receipts-unreadable', path: string, cause: unknown) {
  return new TransferError('manifest', { path, why, detail: systemMessage(cause) }, { cause });
}

function openLines(path: string): Promise<SharedLines> {
  return writable(path, async () => {
    const { O_RDWR, O_APPEND, O_CREAT, O_NONBLOCK } = constants;
    return new SharedLines(await open(path, O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK, 0o666));
  });
}

/** Returns the lines of a file without their ends; none if it does not exist. */
async function linesOf(path: string): Promise<Buffer[]> {
  const bytes = await readable(path, Buffer.alloc(0), () => readFile(path));
  const lines: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(10, start);
    const line = bytes.subarray(start, end < 0 ? bytes.length : end);
    if (line.length > 0) lines.push(line);
    start += line.length + 1;
  }
  return lines;
}

async function readable<T>(path: string, missing: T, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (systemCode(error) === null) throw error;
    if (systemCode(error) === 'ENOENT') return missing;
    throw failure('receipts-unreadable', path, error);
  }
}

async function readReceipts(
  folders: readonly string[],
  upload: string,
  shard: number | null,
): Promise<ReceiptsReading> {
  const byIndex = new Map<number, FleetReceipt[]>();
  let damagedLines = 0;
  for (const folder of folders) {
    const all = await readable(folder, [], () => readdir(folder));
    const isWanted = (name: string): boolean =>
      shard === null ? /^\d+\.jsonl$/.test(name) : name === `${shard}${EXTENSION}`;
    for (const name of all.filter(isWanted)) {
      for (const line of await linesOf(join(folder, name))) {
        const receipt = decodeReceipt(line, upload);
        if (receipt === null) damagedLines += 1;
        else if (receipt !== 'other') add(byIndex, receipt);
      }
    }
  }
  return { byIndex, damagedLines };
}

function add(byIndex: Map<number, FleetReceipt[]>, receipt: FleetReceipt): void {
  const known = byIndex.get(receipt.index);
  if (known === undefined) byIndex.set(receipt.index, [receipt]);
  else known.push(receipt);
}

async function openReceipts(path: string, upload: string): Promise<ReceiptWriter> {
  const lines = await openLines(path);
  return {
    record: (receipt) => writable(path, () => lines.append(encodeReceipt(receipt, upload))),
    sync: () => writable(path, () => lines.sync()),
    close: () => lines.close(),
  };
}

const NO_END: FleetEnd = { completing: null, mismatch: null, archive: null, lastActivityAt: '' };

async function readEnd(folders: readonly string[], upload: string): Promise<FleetEnd> {
  let end = NO_END;
  for (const folder of folders) {
    for (const line of await linesOf(join(folder, END_NAME))) {
      const known = decodeEndLine(line, upload);
      if (known !== null) end = withLine(end, known);
    }
  }
  return end;
}

function withLine(end: FleetEnd, line: EndLine): FleetEnd {
  const { at: lastActivityAt } = line;
  switch (line.type) {
    case 'completing':
      return { ...end, completing: { sizeBytes: line.sizeBytes, treeHash: line.treeHash }, lastActivityAt };
    case 'reopened':
      return { ...end, completing: null, lastActivityAt };
    case 'mismatch':
      return { ...end, mismatch: { expected: line.expected, got: line.got }, lastActivityAt };
    case 'archive':
      return { ...end, archive: line.entry, lastActivityAt };
  }
}

class EndRecord implements FleetEndRecord {
  readonly #lines: SharedLines;
  readonly #upload: string;
  #end: FleetEnd;

  constructor(lines: SharedLines, upload: string, end: FleetEnd) {
    this.#lines = lines;
    this.#upload = upload;
    this.#end = end;
  }

  get end(): FleetEnd {
    return this.#end;
  }

  recordCompleting({ sizeBytes, treeHash }: { sizeBytes: number; treeHash: string }): Promise<void> {
    return this.#append({ type: 'completing', sizeBytes, treeHash, at: now() });
  }

  recordReopened(): Promise<void> {
    return this.#append({ type: 'reopened', at: now() });
  }

  recordMismatch({ expected, got }: { expected: string; got: string }): Promise<void> {
    return this.#append({ type: 'mismatch', expected, got, at: now() });
  }

  recordArchive(entry: NonNullable<FleetEnd['archive']>): Promise<void> {
    return this.#append({ type: 'archive', entry, at: now() });
  }

  close(): Promise<void> {
    return this.#lines.close();
  }

  async #append(line: EndLine): Promise<void> {
    await writable(END_NAME, async () => {
      await this.#lines.append(encodeEndLine(line, this.#upload));
      await this.#lines.sync();
    });
    this.#end = withLine(this.#end, line);
  }
}

function now(): string {
  return new Date().toISOString();
}
