/** `hash` and `verify`, which ask no service. */
import { Readable } from 'node:stream';
import { groups as verifyGroups } from '../cli/commands/verify/command.js';
import { openArchives, openSources } from '../cli/compose.js';
import { DEFAULT_TRANSFER } from '../cli/options/transfer.js';
import { cleanUp } from '../core/clean-up.js';
import { TransferError, withContext } from '../core/failures.js';
import { STANDARD_INPUT_WORD } from '../core/identity.js';
import { hashFile, hashStream } from '../source/hash-file.js';
import { verifyFile } from '../transfer/verify.js';
import { hashJson, verifiedJson } from '../ui/json.js';
import { byteStreamOf, pathOf } from './byte-stream.js';
import { perform } from './operation.js';
import type { FileUrl, PlaceOptions, Source, VerifyOptions } from './options.js';
import type { Hashed, Verified } from './results.js';

export function hashSource(source: Source, options: PlaceOptions): Promise<Hashed> {
  return perform({ groups: {}, options }, async ({ io, reporter }) => {
    const path = pathOf(source);
    const file = path === null ? STANDARD_INPUT_WORD : io.absolute(path);
    const onRead = (readBytes: number, totalBytes: number | null = null): void =>
      reporter.report({ type: 'reading', file, readBytes, totalBytes });
    try {
      if (path !== null) {
        const { sizeBytes, treeHash } = await hashFile(file, io.signal, onRead);
        return hashJson(file, sizeBytes, treeHash);
      }
      const stream = byteStreamOf(source, io.signal);
      try {
        const { sizeBytes, treeHash } = await hashStream(Readable.from(stream.bytes), io.signal, onRead);
        return hashJson(file, sizeBytes, treeHash);
      } finally {
        await stream.close();
      }
    } catch (error) {
      throw withContext(error, { file });
    }
  });
}

export function verifySource(source: string | FileUrl, options: VerifyOptions): Promise<Verified> {
  return perform({ groups: verifyGroups, options }, async ({ io, options: read, reporter }) => {
    const path = pathOf(source);
    if (path === null) {
      const hint = 'verify(FILE), or verify(FILE, { archiveId })';
      throw new TransferError('usage', { what: 'verify', why: 'it reads a file', hint });
    }
    const file = io.absolute(path);
    const sources = openSources({ transfer: DEFAULT_TRANSFER });
    try {
      const { openSource } = sources;
      const tools = { catalogue: openArchives(read), openSource, signal: io.signal, report: reporter.report };
      const verified = await verifyFile(tools, file, read.own.archiveId);
      if (verified.match) return { ...verifiedJson(verified), match: true };
      const { expected, treeHash: got } = verified;
      throw new TransferError('checksum', { what: 'file', index: null, expected, got });
    } catch (error) {
      throw withContext(error, { file });
    } finally {
      await cleanUp(() => sources.close());
    }
  });
}
