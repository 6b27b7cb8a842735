/** The knowledge about the uploads of a bucket, from earlier responses, and how their parts are therefore sent. */
import type { CreateMultipartUploadCommandOutput, ListPartsCommandOutput } from '@aws-sdk/client-s3';
import type { PartHash } from '../../transfer/ports/source.js';
import { askedChecksums, guardHashes, type Line, type PartGuard, partGuard } from './part-guard.js';
import { RequiredMd5 } from './required-md5.js';
import {
  confirmedChecksum,
  foreignAlgorithmOf,
  listedChecksum,
  type UploadChecksum,
  type UploadProperties,
} from './upload-properties.js';

export class KnownUploads {
  readonly requiredMd5 = new RequiredMd5();
  readonly #line: Line;
  readonly #locksObjects: boolean;
  readonly #byId = new Map<string, UploadProperties>();
  #ofSingle: UploadProperties | null = null;

  /** @param locksObjects true if the user's headers lock the objects of the run */
  constructor(line: Line, locksObjects: boolean) {
    this.#line = line;
    this.#locksObjects = locksObjects;
  }

  /** The checksums that an upload is created with; see askedChecksums. */
  get asked(): readonly (UploadChecksum | null)[] {
    return askedChecksums(this.#line);
  }

  get(uploadId: string): UploadProperties | undefined {
    return this.#byId.get(uploadId);
  }

  /** Returns the properties of an upload that the store does not describe: those that calve asks for. */
  guess(): UploadProperties {
    const [checksum = null] = this.asked;
    return { checksum, isGuess: true, partSizeBytes: null };
  }

  /**
   * The properties of objects that a single request makes. No answer says beforehand which checksum the store takes: the
   * first one is tried, and what the store made of it counts for the others.
   */
  get ofSingle(): UploadProperties {
    const [checksum = null] = this.asked;
    return this.#ofSingle ?? { checksum, partSizeBytes: null };
  }

  set ofSingle(properties: UploadProperties) {
    this.#ofSingle = properties;
  }

  set(uploadId: string, properties: UploadProperties): UploadProperties {
    this.#byId.set(uploadId, properties);
    return properties;
  }

  created(uploadId: string, response: CreateMultipartUploadCommandOutput, partSizeBytes: number): void {
    // OBS may repeat a header that it does not know.
    const checksum = this.#line.dialect.asksForChecksums ? confirmedChecksum(response) : null;
    this.set(uploadId, { checksum, partSizeBytes });
  }

  listed(uploadId: string, response: ListPartsCommandOutput, partSizeBytes: number | null): void {
    const earlier = this.get(uploadId);
    const isAsked = this.#line.dialect.asksForChecksums;
    this.set(uploadId, {
      checksum: isAsked ? listedChecksum(response, earlier) : null,
      ...(earlier?.mustSign === true && { mustSign: true }),
      foreignAlgorithm: isAsked ? foreignAlgorithmOf(response) : null,
      partSizeBytes,
    });
  }

  guardOf(upload: UploadProperties): PartGuard {
    return partGuard(this.#line, upload);
  }

  /** Returns true if parts of this upload need their MD5, whatever the store has said so far. */
  needsMd5({ checksum }: UploadProperties): boolean {
    return this.#line.dialect.sendsMd5 || (checksum === null && this.#locksObjects);
  }

  /** Returns the hashes that the parts of an upload, or an object (null), are sent with, as far as that is known. */
  partHashes(uploadId: string | null): readonly PartHash[] {
    const upload =
      uploadId === null ? this.ofSingle : (this.get(uploadId) ?? { ...this.guess(), isGuess: false });
    return guardHashes(this.guardOf(upload), this.requiredMd5.isSent(this.needsMd5(upload)));
  }
}
