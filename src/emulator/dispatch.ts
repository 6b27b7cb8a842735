/** Takes a request to its handler, after the checks that all operations share. */
import { createHash } from 'node:crypto';
import type { ApiRequest, Handler, Service } from './handlers/api-request.js';
import { handleDeleteArchive, handleUploadArchive } from './handlers/archives.js';
import { handleJobOutput } from './handlers/job-output.js';
import { handleDescribeJob, handleInitiateJob, handleListJobs } from './handlers/jobs.js';
import {
  handleAbortUpload,
  handleCompleteUpload,
  handleInitiateUpload,
  handleListParts,
  handleListUploads,
  handleUploadPart,
} from './handlers/uploads.js';
import {
  handleCreateVault,
  handleDeleteVault,
  handleDescribeVault,
  handleListVaults,
} from './handlers/vaults.js';
import type { ApiResponse } from './http/api-response.js';
import { type AuthRules, authenticate, checkPayloadHash } from './http/authenticate.js';
import { optionalHeader } from './http/headers.js';
import type { HttpExchange } from './http/http-exchange.js';
import { invalid, missing, ServiceError } from './http/service-error.js';
import type { Operation, Route } from './operations.js';

const HANDLERS = {
  'create-vault': handleCreateVault,
  'describe-vault': handleDescribeVault,
  'list-vaults': handleListVaults,
  'delete-vault': handleDeleteVault,
  'upload-archive': handleUploadArchive,
  'delete-archive': handleDeleteArchive,
  initiate: handleInitiateUpload,
  'upload-part': handleUploadPart,
  'list-parts': handleListParts,
  complete: handleCompleteUpload,
  abort: handleAbortUpload,
  'list-uploads': handleListUploads,
  'initiate-job': handleInitiateJob,
  'describe-job': handleDescribeJob,
  'list-jobs': handleListJobs,
  'job-output': handleJobOutput,
} satisfies Record<Operation, Handler>;

const API_VERSION = '2012-06-01';
const PAYLOAD_HASH_HEADER = 'x-amz-content-sha256';

/** Performs the operation. @throws ServiceError if the service refuses the request */
export async function dispatch(
  exchange: HttpExchange,
  route: Route | null,
  rules: AuthRules,
  service: Service,
): Promise<ApiResponse> {
  const streamsBody = route?.operation === 'upload-part' || route?.operation === 'upload-archive';
  const body = streamsBody ? Buffer.alloc(0) : await exchange.readSmallBody();
  const { announcedHash, caller } = identifyCaller(exchange, rules, streamsBody ? null : body);
  if (route === null) throw new ServiceError('UnknownOperationException', 'Unknown operation');
  checkAccount(route, service);
  checkVersion(exchange);
  const request: ApiRequest = {
    ...route,
    body,
    headers: exchange.request.headers,
    query: new URLSearchParams(exchange.query),
    region: caller.region,
    receiveBody: async (destination) => {
      const hashes = await exchange.receiveBody(destination);
      caller.checkClock(Date.now());
      checkPayloadHash(announcedHash, hashes.linearHash);
      return hashes;
    },
  };
  return HANDLERS[route.operation](request, service);
}

/** @param body null if it has not been read yet; the request must then announce its hash */
function identifyCaller(exchange: HttpExchange, rules: AuthRules, body: Buffer | null) {
  const { path, query } = exchange;
  const { headers, headersDistinct, method = '' } = exchange.request;
  const announcedHash = optionalHeader(headers, PAYLOAD_HASH_HEADER);
  const computedHash = body === null ? null : createHash('sha256').update(body).digest('hex');
  const isSigned = rules.signature === 'verify' && headers.authorization !== undefined;
  if (isSigned && computedHash === null && announcedHash === undefined) throw missing(PAYLOAD_HASH_HEADER);
  const payloadHash = announcedHash ?? computedHash ?? '';
  const caller = authenticate({ method, path, query, headers: headersDistinct, payloadHash }, rules);
  if (computedHash !== null) checkPayloadHash(announcedHash, computedHash);
  return { announcedHash, caller };
}

function checkAccount({ account }: Route, service: Service): void {
  if (account === '-' || account === service.accountId) return;
  throw new ServiceError('AccessDeniedException', `Access denied for account ID: ${account}`);
}

function checkVersion(exchange: HttpExchange): void {
  const version = optionalHeader(exchange.request.headers, 'x-amz-glacier-version');
  if (version === undefined) throw missing('API version');
  if (version !== API_VERSION) throw invalid('API version', version);
}
