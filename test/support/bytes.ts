import { createCipheriv, createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';

/** Returns bytes that look random and are the same for the same seed: a failure can be repeated. */
export function seededBytes(sizeBytes: number, seed: number): Buffer {
  const key = createHash('sha256').update(String(seed)).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(sizeBytes));
}

/** Writes a file of such bytes, a MiB at a time. */
export function writeSeededFile(path: string, sizeBytes: number, seed: number): void {
  const file = openSync(path, 'w');
  const chunkBytes = 1024 * 1024;
  for (let start = 0; start < sizeBytes; start += chunkBytes) {
    writeSync(file, seededBytes(Math.min(chunkBytes, sizeBytes - start), seed + start / chunkBytes));
  }
  closeSync(file);
}
