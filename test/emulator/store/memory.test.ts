import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { startEmulatorProcess } from '../../support/emulator-process.js';
import { tempFolder } from '../../support/temp.js';
import { MIB, vaultClient } from '../support/vault-client.js';

const GIB = 1024 * MIB;
/** Node itself takes about 50 MiB; what waits for the disk takes 4. */
const PEAK_MAX_BYTES = 160 * MIB;
const skip = existsSync('/proc/self/status')
  ? false
  : 'the peak of another process is read from /proc, which is not here';

/** Where a power of two of equal leaves is hashed, every level is one digest joined with itself. */
function treeHashOfZeros(mebibytes: number): string {
  let digest = createHash('sha256').update(Buffer.alloc(MIB)).digest();
  for (let width = mebibytes; width > 1; width /= 2) {
    digest = createHash('sha256').update(digest).update(digest).digest();
  }
  return digest.toString('hex');
}

function* zeros(mebibytes: number): Generator<Buffer> {
  const piece = Buffer.alloc(MIB);
  for (let i = 0; i < mebibytes; i++) yield piece;
}

function linearHashOfZeros(mebibytes: number): string {
  const hash = createHash('sha256');
  for (const piece of zeros(mebibytes)) hash.update(piece);
  return hash.digest('hex');
}

function peakBytes(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

test('a part of 1 GiB does not pass through memory as a whole', { skip }, async (t) => {
  const { url, pid } = await startEmulatorProcess(t, { dataDir: tempFolder(t), vaults: ['v'] });
  const client = vaultClient(url, 'v');
  const uploadId = await client.initiate(GIB);
  const treeHash = treeHashOfZeros(1024);
  const answer = await client.part(uploadId, 0, Buffer.alloc(1), {
    body: Readable.from(zeros(1024)),
    payloadHash: linearHashOfZeros(1024),
    headers: {
      'content-length': String(GIB),
      'content-range': `bytes 0-${GIB - 1}/*`,
      'x-amz-sha256-tree-hash': treeHash,
    },
  });
  assert.equal(answer.status, 204, answer.text);
  assert.equal(answer.headers['x-amz-sha256-tree-hash'], treeHash);
  const peak = peakBytes(pid);
  t.diagnostic(`peak ${Math.round(peak / MIB)} MiB`);
  assert.ok(peak < PEAK_MAX_BYTES, `peak of ${peak} bytes`);
});
