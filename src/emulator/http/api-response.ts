/** Responses of the API, before they are sent. */
import type { Readable } from 'node:stream';
import type { ServiceError } from './service-error.js';

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Readable;
}

const JSON_TYPE = { 'content-type': 'application/json' };

export const NO_CONTENT: ApiResponse = { status: 204, headers: {}, body: '' };

/** Returns a 200 response with compact JSON. Its keys are sorted at every depth, as the live service sorts them. */
export function jsonResponse(value: object): ApiResponse {
  return { status: 200, headers: JSON_TYPE, body: sortedJson(value) };
}

/** Returns a response whose headers describe the resource that was created. Its body is an empty JSON object. */
export function createdResponse(headers: Readonly<Record<string, string>>, status = 201): ApiResponse {
  return { status, headers: { ...JSON_TYPE, ...headers }, body: '{}' };
}

export function errorResponse(error: ServiceError): ApiResponse {
  return { status: error.status, headers: JSON_TYPE, body: error.toJson() };
}

function sortedJson(value: object): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
