/** The error of a look-up of credentials, in calve's own words: the SDK's may contain a command line and its output. */

interface CredentialsErrorExtras {
  /** True if the same look-up may succeed later: the network, or a service that is busy. */
  readonly isTransient?: boolean;
  readonly cause?: unknown;
}

export class CredentialsError extends Error {
  override readonly name = 'CredentialsError';
  readonly isTransient: boolean;

  constructor(message: string, { isTransient = false, cause }: CredentialsErrorExtras = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.isTransient = isTransient;
  }
}
