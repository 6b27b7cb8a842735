import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { TreeHasher } from '../../src/emulator/tree-hash.js';
import { seededBytes } from '../support/bytes.js';
import { treeHash } from './support/raw-client.js';

const MIB = 2 ** 20;

/** Returns bytes in which every byte of the n-th MiB has the value n. */
function indexed(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  for (let start = 0; start < sizeBytes; start += MIB)
    bytes.fill(start / MIB, start, Math.min(start + MIB, sizeBytes));
  return bytes;
}

/** AWS published these values, or botocore computed them. The tests of AWS's SDKs for Go, Ruby and C++ use several. */
const VECTORS: readonly [name: string, bytes: () => Buffer, tree: string, linear: string][] = [
  [
    'nothing',
    () => Buffer.alloc(0),
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  ],
  [
    'hello world',
    () => Buffer.from('hello world'),
    'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9',
    'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9',
  ],
  [
    'the welcome',
    () => Buffer.from('Welcome to Amazon Glacier.'),
    '726e392cb4d09924dbad1cc0ba3b00c3643d03d14cb4b823e2f041cff612a628',
    '726e392cb4d09924dbad1cc0ba3b00c3643d03d14cb4b823e2f041cff612a628',
  ],
  [
    "1048576 bytes of 'a'",
    () => Buffer.alloc(1048576, 'a'),
    '9bc1b2a288b26af7257a36277ae3816a7d4f16e89c1e7e77d0a5c48bad62b360',
    '9bc1b2a288b26af7257a36277ae3816a7d4f16e89c1e7e77d0a5c48bad62b360',
  ],
  [
    "2097152 bytes of 'a'",
    () => Buffer.alloc(2097152, 'a'),
    '560c2c9333c719cb00cfdffee3ba293db17f58743cdd1f7e4055373ae6300afa',
    '5256ec18f11624025905d057d6befb03d77b243511ac5f77ed5e0221ce6d84b5',
  ],
  [
    "3145728 bytes of 'a'",
    () => Buffer.alloc(3145728, 'a'),
    '70239f4f2ead7561f69d48b956b547edef52a1280a93c262c0b582190be7db17',
    '6f850bc94ae6f7de14297c01616c36d712d22864497b28a63b81d776b035e656',
  ],
  [
    "3670016 bytes of 'a'",
    () => Buffer.alloc(3670016, 'a'),
    'daede4eb580f914dacd5e0bdf7015c937fd615c1e6c6552d25cb04a8b7219828',
    '34c8bdd269f89a091cf17d5d23503940e0abf61c4b6544e42854b9af437f31bb',
  ],
  [
    "4194304 bytes of 'a'",
    () => Buffer.alloc(4194304, 'a'),
    '9491cb2ed1d4e7cd53215f4017c23ec4ad21d7050a1e6bb636c4f67e8cddb844',
    '299285fc41a44cdb038b9fdaf494c76ca9d0c866672b2b266c1a0c17dda60a05',
  ],
  [
    "4194324 bytes of 'a'",
    () => Buffer.alloc(4194324, 'a'),
    '12f3cbd6101b981cde074039f6f728071da8879d6f632de8afc7cdf00661b08f',
    '1db6545ae7a5cea9392b4b14d3a6f798c989ee386114d6d2e951c13abcd74e11',
  ],
  [
    "5242880 bytes of 'a'",
    () => Buffer.alloc(5242880, 'a'),
    '1ca676a2caf9791fcf24580c2c6f9b051ebbf689720da6ff8c41f2d01cdde5ea',
    'a29968fad2e782aa9f2040a35f05adb97ed8979eb1f572c8c8ea78637e275f3c',
  ],
  [
    "7340032 bytes of 'a'",
    () => Buffer.alloc(7340032, 'a'),
    '97c5b900ef1ea71da2b168cbc9a5ca42130bae27ca3ef3277983bc069acaba16',
    'c1b6bf6696da12b14f186aaabe5aa3b47cb0442618579e31d566e13697e9c6e3',
  ],
  [
    '4194304 bytes of 0x30',
    () => Buffer.alloc(4194304, 0x30),
    '0c2c286faeadbb8ef7aab5e1198af77b1c00d6ff634a739f0e4d55ea3a40ad2d',
    '7563843dc61195c0c2991aa93be05ca667d1c819ce6745746668795895be8f1c',
  ],
  [
    '5767168 bytes of 0x30',
    () => Buffer.alloc(5767168, 0x30),
    '154e26c78fd74d0c2c9b3cc4644191619dc4f2cd539ae2a74d5fd07957a3ee6a',
    '68aff0c5a91aa0491752bfb96e3fef33eb74953804f6a2f7b708d5bcefa8ff6b',
  ],
  [
    '8388608 bytes of 0x30',
    () => Buffer.alloc(8388608, 0x30),
    'ff9ea39186cb33cd5ade7aca078e297a1622f8c1abdd4cc47bcbf66dc5877e1f',
    'f38469a7ac373e721e1591bbf5755647f669ddc76042d713b1047435368eae7b',
  ],
  [
    '1048576 bytes of zeros',
    () => Buffer.alloc(1048576),
    '30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58',
    '30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58',
  ],
  [
    '2097152 bytes of zeros',
    () => Buffer.alloc(2097152),
    '861890b487038d840e9d71d43bbc0fd4571453fb9d9b1f370caa3582a29b0ec7',
    '5647f05ec18958947d32874eeb788fa396a05d0bab7c1b71f112ceb7e9b31eee',
  ],
  [
    '3145728 bytes of zeros',
    () => Buffer.alloc(3145728),
    'ca6cc129a4514ec765de86a4e7a49adf44842c9cac213c383ebe4071271bdf21',
    'bbd05cf6097ac9b1f89ea29d2542c1b7b67ee46848393895f5a9e43fa1f621e5',
  ],
  [
    '5242881 bytes of numbered MiBs',
    () => indexed(5242881),
    '0b6aa3880328fb5e3e2e32175b230f8adf9673c8fc5db71f905ffce2cad9edd7',
    'e85f9fbcab24c7643b445686da1a134f4a4a23b31c9c2af5a4d218208f53d194',
  ],
  [
    '7340032 bytes of numbered MiBs',
    () => indexed(7340032),
    '03687114c17503fcdf3c531fec5967a271ae259e989fbd1a21878685ea4e1313',
    '7f917b1b1b906fd7b3dcaed48a40394dda2c498ad774d736e433056718cd2167',
  ],
  [
    '13631488 bytes of numbered MiBs',
    () => indexed(13631488),
    '140d7fb37c538d38c3db92e383bf2fd8c2dbc8bf4b57e9b4d7026ec91d1430af',
    'a0cb097abb3528c9ae007bf39640395a6fc0d6de15793a2fc5784ecbd5a98c5c',
  ],
];

for (const [name, make, tree, linear] of VECTORS) {
  test(`the tree hash of ${name} is the published one`, () => {
    const bytes = make();
    assert.equal(createHash('sha256').update(bytes).digest('hex'), linear);
    const hasher = new TreeHasher();
    hasher.update(bytes);
    assert.equal(hasher.digestHex(), tree);
  });
}

test('the tree hash does not depend on the sizes of the pieces in which the bytes arrive', () => {
  const bytes = seededBytes(3 * MIB + 12_345, 7);
  for (const pieceBytes of [1000, 65_536, MIB - 1, MIB, MIB + 1, 2 * MIB, bytes.length]) {
    const hasher = new TreeHasher();
    for (let i = 0; i < bytes.length; i += pieceBytes) hasher.update(bytes.subarray(i, i + pieceBytes));
    assert.equal(hasher.digestHex(), treeHash(bytes), `pieces of ${pieceBytes}`);
  }
});
