/** The differences between stores that use S3's protocol. */
export interface Dialect {
  /**
   * True if an upload is created with SHA-256 checksums. A store that does not support them leaves them out of its
   * response, or refuses the request; its parts are then sent without them.
   */
  readonly asksForChecksums: boolean;
  /** True if parts are sent with Content-MD5, and their ETags are compared with it. */
  readonly sendsMd5: boolean;
  /** True if the credentials may be those of AWS, whose identity service then says whose they are. */
  readonly hasAwsCredentials: boolean;
  /** True if all stores of this protocol compute the ETag of the whole as the MD5 of the parts' MD5s. */
  readonly documentsEtags: boolean;
  /** The storage class of an object for which none was set; null: the bucket's default. */
  readonly defaultStorageClass: string | null;
  /** Returns the protocol's name for one of the store's storage classes. */
  wireClass(storageClass: string): string;
  /** Returns the store's name for one of the protocol's storage classes. */
  ownClass(wireClass: string): string;
}

export const S3_DIALECT: Dialect = {
  asksForChecksums: true,
  sendsMd5: false,
  hasAwsCredentials: true,
  documentsEtags: false,
  defaultStorageClass: 'STANDARD',
  wireClass: (name) => name,
  ownClass: (name) => name,
};
