import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { startEmulatorProcess } from '../../support/emulator-process.js';
import { tempFolder } from '../../support/temp.js';
import { treeHashOfZeros } from '../support/raw-client.js';
import { MIB, vaultClient } from '../support/vault-client.js';

const GIB = 1024 * MIB;
/** Node itself takes about 50 MiB, and the bytes that wait for the disk take 4 MiB. */
const PEAK_MAX_BYTES = 160 * MIB;
const skip = existsSync('/proc/self/status')
  ? false
  : 'this system has no /proc, which shows the peak memory of another process';

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

test('a part of 1 GiB is never in memory as a whole', { skip }, async (t) => {
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
