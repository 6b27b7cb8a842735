import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { PartDigests, PreparedPart } from '../../src/transfer/ports/source.js';
import { vaultTreeHash } from './memory-vault.js';

/** A part with all its hashes. */
export type HashedPart = PreparedPart & { readonly digests: Required<PartDigests> };

/** A part made of bytes in memory, as a source would prepare it. */
export function preparedPart(bytes: Buffer, index: number, partSizeBytes: number): HashedPart {
  const startByte = index * partSizeBytes;
  const digests = {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    md5: createHash('md5').update(bytes).digest('hex'),
    crc32: crc32(bytes).toString(16).padStart(8, '0'),
  };
  return {
    range: { index, startByte, endByte: startByte + bytes.length - 1, sizeBytes: bytes.length },
    treeHash: vaultTreeHash(bytes),
    digests,
    body: () => bytes,
    location: null,
    digest: async (hash) => digests[hash],
    assertUnchanged: async () => undefined,
    release: () => {},
  };
}
