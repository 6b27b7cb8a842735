/** Who is calling: the checks of the layer in front of the service, in its order. */
import { ServiceError } from './service-error.js';
import { parseAuthorization, type SignedRequest, signatureOf } from './signature.js';

export interface AuthRules {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** `lenient`: anyone may call, with or without a signature. */
  readonly signature: 'verify' | 'lenient';
  readonly signatureWindowMs: number;
}

interface Caller {
  readonly region: string;
  /**
   * The service judges the clock after the body arrived, so a part that takes longer than the window is refused.
   * @throws ServiceError InvalidSignatureException
   */
  judgeClock(nowMs: number): void;
}

const DEFAULT_REGION = 'us-east-1';

/** @throws ServiceError of the authentication layer */
export function authenticate(request: SignedRequest, rules: AuthRules): Caller {
  const header = firstOf(request, 'authorization');
  const authorization = header === undefined ? null : parseAuthorization(header);
  if (rules.signature === 'lenient') {
    return { region: authorization?.region ?? DEFAULT_REGION, judgeClock: () => {} };
  }
  if (header === undefined) {
    throw new ServiceError('MissingAuthenticationTokenException', 'Missing Authentication Token');
  }
  if (authorization === null) throw mismatch();
  if (authorization.accessKeyId !== rules.accessKeyId) {
    throw new ServiceError(
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    );
  }
  const dateTime = requestTime(request);
  const judgeClock = (nowMs: number) => checkClock(dateTime, nowMs, rules.signatureWindowMs);
  judgeClock(Date.now());
  if (authorization.service !== 'glacier' || !dateTime.startsWith(authorization.date)) throw mismatch();
  if (signatureOf(request, authorization, dateTime, rules.secretAccessKey) !== authorization.signature) {
    throw mismatch();
  }
  return { region: authorization.region, judgeClock };
}

/**
 * @param computed lower-case hex SHA-256 of the body that came
 * @throws ServiceError InvalidSignatureException when the header announced another
 */
export function checkPayloadHash(announced: string | undefined, computed: string): void {
  if (announced === undefined || announced === computed) return;
  throw new ServiceError(
    'InvalidSignatureException',
    'The value passed in as x-amz-content-sha256 does not match the computed payload hash. ' +
      `Computed digest: ${computed} expected hash: ${announced}`,
  );
}

function firstOf(request: SignedRequest, name: string): string | undefined {
  return request.headers[name]?.[0];
}

function mismatch(): ServiceError {
  return new ServiceError(
    'InvalidSignatureException',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret ' +
      'Access Key and signing method. Consult the service documentation for details.',
  );
}

/** `x-amz-date` wins over `Date`, which may be in the same form or in HTTP's. */
function requestTime(request: SignedRequest): string {
  const text = firstOf(request, 'x-amz-date') ?? firstOf(request, 'date') ?? '';
  const dateTime = /^\d{8}T\d{6}Z$/.test(text) ? text : basicTime(Date.parse(text));
  if (Number.isNaN(timeMs(dateTime))) throw mismatch();
  return dateTime;
}

/** `YYYYMMDDTHHMMSSZ` */
export function basicTime(ms: number): string {
  if (Number.isNaN(ms)) return '';
  return `${new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

function timeMs(dateTime: string): number {
  return Date.parse(dateTime.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

function checkClock(dateTime: string, nowMs: number, windowMs: number): void {
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
