/** The checks of the authentication layer in front of the service, in the order in which it makes them. */
import { ServiceError } from './service-error.js';
import { parseAuthorization, type SignedRequest, signatureOf } from './signature.js';

export interface AuthRules {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** `lenient` accepts every request, signed or not. */
  readonly signature: 'verify' | 'lenient';
  readonly signatureWindowMs: number;
}

interface Caller {
  readonly region: string;
  /**
   * The service checks the clock after the body has arrived, so it refuses a part that takes longer than the window.
   * @throws ServiceError InvalidSignatureException
   */
  checkClock(nowMs: number): void;
}

const DEFAULT_REGION = 'us-east-1';

/** Returns the caller of a request that passes all checks. @throws ServiceError of the authentication layer */
export function authenticate(request: SignedRequest, rules: AuthRules): Caller {
  const header = firstHeader(request, 'authorization');
  const authorization = header === undefined ? null : parseAuthorization(header);
  if (rules.signature === 'lenient') {
    return { region: authorization?.region ?? DEFAULT_REGION, checkClock: () => {} };
  }
  if (header === undefined) {
    throw new ServiceError('MissingAuthenticationTokenException', 'Missing Authentication Token');
  }
  if (authorization === null) throw signatureMismatch();
  if (authorization.accessKeyId !== rules.accessKeyId) {
    throw new ServiceError(
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    );
  }
  const dateTime = requestTime(request);
  const checkClock = (nowMs: number) => checkSignatureTime(dateTime, nowMs, rules.signatureWindowMs);
  checkClock(Date.now());
  if (authorization.service !== 'glacier' || !dateTime.startsWith(authorization.date))
    throw signatureMismatch();
  if (signatureOf(request, authorization, dateTime, rules.secretAccessKey) !== authorization.signature) {
    throw signatureMismatch();
  }
  return { region: authorization.region, checkClock };
}

/**
 * @param computed lower-case hex SHA-256 of the received body
 * @throws ServiceError InvalidSignatureException if the header announced a different hash
 */
export function checkPayloadHash(announced: string | undefined, computed: string): void {
  if (announced === undefined || announced === computed) return;
  throw new ServiceError(
    'InvalidSignatureException',
    'The value passed in as x-amz-content-sha256 does not match the computed payload hash. ' +
      `Computed digest: ${computed} expected hash: ${announced}`,
  );
}

function firstHeader(request: SignedRequest, name: string): string | undefined {
  return request.headers[name]?.[0];
}

function signatureMismatch(): ServiceError {
  return new ServiceError(
    'InvalidSignatureException',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret ' +
      'Access Key and signing method. Consult the service documentation for details.',
  );
}

/** Returns the time of `x-amz-date` or else of `Date`, which may have the same form or the form that HTTP defines. */
function requestTime(request: SignedRequest): string {
  const text = firstHeader(request, 'x-amz-date') ?? firstHeader(request, 'date') ?? '';
  const dateTime = /^\d{8}T\d{6}Z$/.test(text) ? text : basicTime(Date.parse(text));
  if (Number.isNaN(timeMs(dateTime))) throw signatureMismatch();
  return dateTime;
}

/** Returns a time as `YYYYMMDDTHHMMSSZ`. */
export function basicTime(ms: number): string {
  if (Number.isNaN(ms)) return '';
  return `${new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

function timeMs(dateTime: string): number {
  return Date.parse(dateTime.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

function checkSignatureTime(dateTime: string, nowMs: number, windowMs: number): void {
  const sentMs = timeMs(dateTime);
  const minutes = windowMs / 60_000;
  if (nowMs - sentMs > windowMs) {
    const edge = basicTime(nowMs - windowMs);
    const why = `${dateTime} is now earlier than ${edge} (${basicTime(nowMs)} - ${minutes} min.)`;
    throw new ServiceError('InvalidSignatureException', `Signature expired: ${why}`);
  }
  if (sentMs - nowMs > windowMs) {
    const edge = basicTime(nowMs + windowMs);
    const why = `${dateTime} is still later than ${edge} (${basicTime(nowMs)} + ${minutes} min.)`;
    throw new ServiceError('InvalidSignatureException', `Signature not yet current: ${why}`);
  }
}
