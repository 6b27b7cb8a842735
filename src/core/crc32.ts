/**
 * Computes the CRC-32 of joined bytes from the CRC-32s of the pieces, without the bytes.
 * Source: zlib, crc32_combine. A CRC is a polynomial over GF(2) modulo the one below; to append n bytes multiplies it by
 * x^(8n). The highest bit of a number is the coefficient of x^0.
 */

/** 8 lower-case hex digits. */
export type Crc32 = string;

const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;
const X = 0x40000000;

/** Returns the product of two polynomials modulo POLYNOMIAL. */
function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= shifted;
    shifted = (shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ POLYNOMIAL;
  }
  return product >>> 0;
}

/** Returns x^exponent modulo POLYNOMIAL, by squaring. */
function powerOfX(exponent: number): number {
  let power = ONE;
  let square = X;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power = multiply(square, power);
    square = multiply(square, square);
  }
  return power;
}

export function crc32Hex(crc: number): Crc32 {
  return crc.toString(16).padStart(8, '0');
}

/**
 * Returns the CRC-32 of an archive from the CRC-32s of its parts, in file order. All parts but the last have
 * `partSizeBytes`; the last has the rest of `sizeBytes`.
 */
export function foldCrc32(
  partCrcs: readonly Crc32[],
  { sizeBytes, partSizeBytes }: { readonly sizeBytes: number; readonly partSizeBytes: number },
): Crc32 {
  const whole = powerOfX(8 * partSizeBytes);
  const last = powerOfX(8 * (sizeBytes - (partCrcs.length - 1) * partSizeBytes));
  const folded = partCrcs.reduce((crc, hex, index) => {
    const appended = index === partCrcs.length - 1 ? last : whole;
    return (multiply(appended, crc) ^ Number.parseInt(hex, 16)) >>> 0;
  }, 0);
  return crc32Hex(folded);
}
