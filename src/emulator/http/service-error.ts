/** Errors as the service words them (Amazon Glacier developer guide, api-error-responses, and texts seen in logs). */

interface ErrorKind {
  readonly status: number;
  readonly type: 'Client' | 'Server';
  /** The authentication layer writes its keys in another order than the service behind it. */
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

/** A refusal on its way to the client. */
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

  /** The compact JSON body, its keys in the order of the layer that raised it. */
  toJson(): string {
    const { code, message } = this;
    const { layer, type } = KINDS[code];
    return JSON.stringify(layer === 'service' ? { code, message, type } : { message, code, type });
  }
}

/** A value that breaks a rule: `Invalid x-amz-archive-size: 7`. */
export function invalid(name: string, value: string): ServiceError {
  return new ServiceError('InvalidParameterValueException', `Invalid ${name}: ${value}`);
}

/** A required header or body that is not there. */
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
