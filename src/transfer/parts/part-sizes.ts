/** Tells if the parts of an upload have one size. Another program may have sent parts of any sizes. Pure. */
import { TransferError } from '../../core/failures.js';
import type { RemotePart } from '../ports/target.js';

/**
 * `one`: the range of a part follows from its number. `unclear`: the only part has a number above 1, so that it may be
 * the last one, and shorter than the others. `different`: no range is known.
 */
export type PartSizes = 'one' | 'unclear' | 'different';

/**
 * @param parts all parts that the service lists, of all pages
 * @param partSizeBytes the size that the list seems to have; null: no part shows it
 */
export function comparePartSizes(parts: readonly RemotePart[], partSizeBytes: number | null): PartSizes {
  const numbered = numberedParts(parts);
  const last = numbered.at(-1);
  if (last === undefined) return 'one';
  if (numbered.length === 1 && last.index > 0) return 'unclear';
  if (partSizeBytes === null || last.sizeBytes > partSizeBytes) return 'different';
  return numbered.every(({ index, sizeBytes }) => index === last.index || sizeBytes === partSizeBytes)
    ? 'one'
    : 'different';
}

/** A vault gives ranges and no numbers, so that it lists no part here. */
function numberedParts(parts: readonly RemotePart[]): { index: number; sizeBytes: number }[] {
  return parts
    .flatMap(({ index, startByte, endByte }) =>
      index === undefined ? [] : [{ index, sizeBytes: endByte - startByte + 1 }],
    )
    .sort((a, b) => a.index - b.index);
}

/** Creates the failure for an upload of another program whose parts have different sizes. */
export function differentPartSizes(uploadId: string, parts: readonly RemotePart[]): TransferError<'usage'> {
  const [first, ...others] = numberedParts(parts);
  const other = others.find(({ sizeBytes }) => sizeBytes !== first?.sizeBytes) ?? first;
  const said = [first, other].map((part) => `part ${(part?.index ?? 0) + 1} has ${part?.sizeBytes} bytes`);
  return new TransferError('usage', {
    what: `upload ${uploadId}`,
    why: `its parts have different sizes (${said.join(', ')}), but calve continues only uploads whose parts have one size`,
    hint: 'resume it with the program that created it, or abort it and send the file again with calve upload',
  });
}
