/** An object store of another project that runs on loopback for the tests, and takes requests of S3. */
export interface BucketServer {
  readonly url: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}
