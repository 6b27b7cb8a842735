/** In what the stores that speak S3's protocol differ. */
export interface Dialect {
  /**
   * Whether SHA-256 checksums are asked for when an upload begins. A store that does not know them says nothing of
   * them in its answer, or refuses to be asked; its parts are then sent without.
   */
  readonly asksForChecksums: boolean;
  /** Whether parts carry Content-MD5, and their ETags are compared with it. */
  readonly sendsMd5: boolean;
  /** What an object is stored as where none was named; null: as its bucket says. */
  readonly defaultStorageClass: string | null;
  /** The protocol's name of a storage class that the store calls otherwise. */
  wireClass(storageClass: string): string;
  /** And back. */
  ownClass(wireClass: string): string;
}

export const S3_DIALECT: Dialect = {
  asksForChecksums: true,
  sendsMd5: false,
  defaultStorageClass: 'STANDARD',
  wireClass: (name) => name,
  ownClass: (name) => name,
};
