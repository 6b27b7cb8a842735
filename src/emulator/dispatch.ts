/** From a request to a reply: who calls, what is asked, and the checks that come before any operation. */
import { createHash } from 'node:crypto';
import type { Call, Handler, Reply, Service } from './handlers/api-request.js';
import { handleDeleteArchive, handleUploadArchive } from './handlers/archives.js';
import { handleJobOutput } from './handlers/job-output.js';
import { handleDescribeJob, handleInitiateJob, handleListJobs } from './handlers/jobs.js';
import {
  handleAbort,
  handleComplete,
  handleInitiate,
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
import { type AuthRules, authenticate, checkPayloadHash } from './http/authenticate.js';
import { optionalHeader } from './http/headers.js';
import type { Exchange } from './http/http-exchange.js';
import { invalid, missing, ServiceError } from './http/service-error.js';
import type { Operation, Route } from './operations.js';

const HANDLERS = {
  'create-vault': handleCreateVault,
  'describe-vault': handleDescribeVault,
  'list-vaults': handleListVaults,
  'delete-vault': handleDeleteVault,
  'upload-archive': handleUploadArchive,
  'delete-archive': handleDeleteArchive,
  initiate: handleInitiate,
  'upload-part': handleUploadPart,
  'list-parts': handleListParts,
  complete: handleComplete,
  abort: handleAbort,
  'list-uploads': handleListUploads,
  'initiate-job': handleInitiateJob,
  'describe-job': handleDescribeJob,
  'list-jobs': handleListJobs,
  'job-output': handleJobOutput,
} satisfies Record<Operation, Handler>;

const API_VERSION = '2012-06-01';
const PAYLOAD_HASH_HEADER = 'x-amz-content-sha256';

/** Does what is asked. @throws ServiceError for what the service refuses */
export async function answer(
  exchange: Exchange,
  route: Route | null,
  rules: AuthRules,
  service: Service,
): Promise<Reply> {
  const streams = route?.operation === 'upload-part' || route?.operation === 'upload-archive';
  const body = streams ? Buffer.alloc(0) : await exchange.readSmallBody();
  const { announced, caller } = identify(exchange, rules, streams ? null : body);
  if (route === null) throw new ServiceError('UnknownOperationException', 'Unknown operation');
  checkAccount(route, service);
  checkVersion(exchange);
  const call: Call = {
    ...route,
    body,
    headers: exchange.request.headers,
    query: new URLSearchParams(splitUrl(exchange).query),
    region: caller.region,
    receive: async (place) => {
      const hashes = await exchange.receive(place);
      caller.judgeClock(Date.now());
      checkPayloadHash(announced, hashes.linearHash);
      return hashes;
    },
  };
  return HANDLERS[route.operation](call, service);
}

/** @param body null where it is still to come: then its hash must have been announced */
function identify(exchange: Exchange, rules: AuthRules, body: Buffer | null) {
  const { headers, headersDistinct, method = '' } = exchange.request;
  const announced = optionalHeader(headers, PAYLOAD_HASH_HEADER);
  const computed = body === null ? null : createHash('sha256').update(body).digest('hex');
  const signed = rules.signature === 'verify' && headers.authorization !== undefined;
  if (signed && computed === null && announced === undefined) throw missing(PAYLOAD_HASH_HEADER);
  const payloadHash = announced ?? computed ?? '';
  const caller = authenticate(
    { method, ...splitUrl(exchange), headers: headersDistinct, payloadHash },
    rules,
  );
  if (computed !== null) checkPayloadHash(announced, computed);
  return { announced, caller };
}

export function splitUrl(exchange: Exchange): { path: string; query: string } {
  const [path = '', ...query] = (exchange.request.url ?? '').split('?');
  return { path, query: query.join('?') };
}

function checkAccount({ account }: Route, service: Service): void {
  if (account === '-' || account === service.accountId) return;
  throw new ServiceError('AccessDeniedException', `Access denied for account ID: ${account}`);
}

function checkVersion(exchange: Exchange): void {
  const version = optionalHeader(exchange.request.headers, 'x-amz-glacier-version');
  if (version === undefined) throw missing('API version');
  if (version !== API_VERSION) throw invalid('API version', version);
}
