/** Errors in the service's own words (Amazon Glacier developer guide, api-error-responses, and texts from logs). */

interface ErrorKind {
  readonly status: number;
  readonly type: 'Client' | 'Server';
  /** The authentication layer writes its JSON keys in a different order from the service behind it. */
  readonly layer: 'authentication' | 'service';
}

const KINDS = {
  AccessDeniedException: { status: 403, type: 'Client', layer: 'authentication' },
  BadRequest: { status: 400, type: 'Client', layer: 'service' },
  InvalidParameterValueException: { status: 400, type: 'Client', layer: 'service' },
  InvalidSignatureException: { status: 403, type: 'Client', layer: 'authentication' },
  LimitExceededException: { status: 400, type: 'Client', layer: 'service' },
  MissingAuthenticationTokenException: { status: 400, type: 'Client', layer: 'authentication' },
  MissingParameterValueException: { status: 400, type: 'Client', layer: 'service' },
  NoLongerSupportedException: { status: 400, type: 'Client', layer: 'service' },
  RequestTimeoutException: { status: 408, type: 'Client', layer: 'service' },
  ResourceNotFoundException: { status: 404, type: 'Client', layer: 'service' },
  SerializationException: { status: 400, type: 'Client', layer: 'service' },
  ServiceUnavailableException: { status: 500, type: 'Server', layer: 'service' },
  ThrottlingException: { status: 400, type: 'Client', layer: 'service' },
  UnknownOperationException: { status: 404, type: 'Client', layer: 'service' },
  UnrecognizedClientException: { status: 400, type: 'Client', layer: 'authentication' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof KINDS;

/** A request that the service refuses. The client gets this error as the response. */
export class ServiceError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.name = 'ServiceError';
    this.code = code;
  }

  get status(): number {
    return KINDS[this.code].status;
  }

  /** Returns the compact JSON body, with its keys in the order of the layer that raised the error. */
  toJson(): string {
    const { code, message } = this;
    const { layer, type } = KINDS[code];
    return JSON.stringify(layer === 'service' ? { code, message, type } : { message, code, type });
  }
}

/** Returns the error for an illegal value: `Invalid x-amz-archive-size: 7`. */
export function invalid(name: string, value: string): ServiceError {
  return new ServiceError('InvalidParameterValueException', `Invalid ${name}: ${value}`);
}

/** Returns the error for a required header or body that is missing. */
export function missing(name: string): ServiceError {
  return new ServiceError('MissingParameterValueException', `Required parameter missing: ${name}`);
}

export function uploadNotFound(uploadId: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', `The upload ID was not found: ${uploadId}`);
}

export function archiveNotFound(archiveId: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', `The archive ID was not found: ${archiveId}`);
}

export function jobNotFound(jobId: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', `The job ID was not found: ${jobId}`);
}

export function vaultNotFound(arn: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', `Vault not found for ARN: ${arn}`);
}
