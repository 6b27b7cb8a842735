import { createHash } from 'node:crypto';
import type { PreparedPart } from '../../src/transfer/ports/source.js';
import { vaultTreeHash } from './memory-vault.js';

/** A part made of bytes in memory, as a source would prepare it. */
export function preparedPart(bytes: Buffer, index: number, partSizeBytes: number): PreparedPart {
  const startByte = index * partSizeBytes;
  return {
    range: { index, startByte, endByte: startByte + bytes.length - 1, sizeBytes: bytes.length },
    linearHash: createHash('sha256').update(bytes).digest('hex'),
    treeHash: vaultTreeHash(bytes),
    body: () => bytes,
    location: null,
    md5: async () => createHash('md5').update(bytes).digest('hex'),
    release: () => {},
  };
}
