/**
 * Keeps the credentials with which requests are signed, and looks them up again before they expire and after the service
 * refused them.
 */
import { cleanKey } from './clean-key.js';
import { CredentialsError } from './credentials-error.js';

export interface Identity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** The SDK passes the configuration of the client that signs. */
export type LookUpOptions = Readonly<Record<string, unknown>>;

export type LookUp = (options?: LookUpOptions) => Promise<Identity>;

/** A place that has credentials. */
export interface CredentialSource {
  readonly lookUp: LookUp;
  /** False if the process cannot get others: its environment does not change. */
  readonly canChange: boolean;
  /** Names the parts of an identity in messages: variables, or a file. */
  readonly nameOf: (part: keyof Identity) => string;
}

/** The time before the end of their validity from which credentials are looked up again. */
const REFRESH_BEFORE_MS = 300_000;
/** The time between two such look-ups: a place may give the old credentials until shortly before their end. */
const REFRESH_PAUSE_MS = 20_000;

function endsWithin(ms: number, { expiration }: Identity): boolean {
  return expiration !== undefined && expiration.getTime() - Date.now() < ms;
}

function isSame(a: Identity, b: Identity): boolean {
  return (
    a.accessKeyId === b.accessKeyId &&
    a.secretAccessKey === b.secretAccessKey &&
    a.sessionToken === b.sessionToken
  );
}

export class HeldCredentials {
  /** The function for the SDK. It keeps the result itself, so the SDK must not keep another copy. */
  readonly provider: LookUp;
  readonly #source: CredentialSource;
  #held: Identity | null = null;
  #pending: Promise<Identity> | null = null;
  /** The options of the latest call, for a look-up that the SDK does not ask for. */
  #options: LookUpOptions | undefined;
  #generation = 0;
  #wereFound = false;
  #refreshedMs = 0;

  constructor(source: CredentialSource) {
    this.#source = source;
    this.provider = Object.assign((options?: LookUpOptions) => this.#current(options), { memoized: true });
  }

  /** Counts the credentials that were found. A request remembers the number with which it started. */
  get generation(): number {
    return this.#generation;
  }

  /** True if this process has had credentials: a look-up that finds none now may find some later. */
  get wereFound(): boolean {
    return this.#wereFound;
  }

  /**
   * Looks the credentials up again, because the service refused them.
   * @param generation the number of the credentials that were refused
   * @returns false if a retry cannot succeed: the same permanent key is still there
   */
  async renew(generation: number): Promise<boolean> {
    if (!this.#source.canChange) return false;
    const refused = this.#held;
    if (generation !== this.#generation || refused === null) return true;
    this.#held = null;
    const found = await this.#lookUp().catch(() => null);
    if (found === null || !isSame(found, refused)) return true;
    // The successor of a token may come a moment later, so the next request looks again.
    if (this.#held === found) this.#held = null;
    return found.sessionToken !== undefined;
  }

  async #current(options: LookUpOptions | undefined): Promise<Identity> {
    this.#options = options;
    const held = this.#held;
    if (held === null || endsWithin(0, held)) return this.#lookUp();
    // Credentials that are still valid are used meanwhile, whatever the look-up finds.
    if (endsWithin(REFRESH_BEFORE_MS, held)) this.#refresh();
    return held;
  }

  #refresh(): void {
    const nowMs = Date.now();
    if (nowMs - this.#refreshedMs < REFRESH_PAUSE_MS) return;
    this.#refreshedMs = nowMs;
    this.#lookUp().catch(() => undefined);
  }

  #lookUp(): Promise<Identity> {
    this.#pending ??= this.#find().finally(() => {
      this.#pending = null;
    });
    return this.#pending;
  }

  async #find(): Promise<Identity> {
    const found = this.#clean(await this.#source.lookUp(this.#options));
    this.#held = found;
    this.#wereFound = true;
    this.#generation += 1;
    return found;
  }

  #clean(found: Identity): Identity {
    const { nameOf } = this.#source;
    const { accessKeyId, secretAccessKey, sessionToken = '', ...rest } = found;
    if (accessKeyId === undefined || secretAccessKey === undefined) {
      throw new CredentialsError('the credentials have no access key, or no secret');
    }
    const token = cleanKey(sessionToken, nameOf('sessionToken'));
    return {
      ...rest,
      accessKeyId: cleanKey(accessKeyId, nameOf('accessKeyId')),
      secretAccessKey: cleanKey(secretAccessKey, nameOf('secretAccessKey')),
      ...(token !== '' && { sessionToken: token }),
    };
  }
}
