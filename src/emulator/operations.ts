/** The operations, by the names that faults use, and their paths. */

/** The status of each operation's success (Amazon Glacier developer guide, one page for each operation). */
export const SUCCESS_STATUS = {
  'create-vault': 201,
  'describe-vault': 200,
  'list-vaults': 200,
  'delete-vault': 204,
  'upload-archive': 201,
  'delete-archive': 204,
  initiate: 201,
  'upload-part': 204,
  'list-parts': 200,
  complete: 201,
  abort: 204,
  'list-uploads': 200,
  'initiate-job': 202,
  'describe-job': 200,
  'list-jobs': 200,
  'job-output': 200,
} as const;

export type Operation = keyof typeof SUCCESS_STATUS;

export const OPERATIONS = Object.keys(SUCCESS_STATUS) as Operation[];

const ROUTES: readonly [shape: RegExp, methods: Readonly<Record<string, Operation>>][] = [
  [/^\/([^/]+)\/vaults$/, { GET: 'list-vaults' }],
  [/^\/([^/]+)\/vaults\/([^/]*)$/, { PUT: 'create-vault', GET: 'describe-vault', DELETE: 'delete-vault' }],
  [/^\/([^/]+)\/vaults\/([^/]*)\/archives$/, { POST: 'upload-archive' }],
  [/^\/([^/]+)\/vaults\/([^/]*)\/archives\/([^/]+)$/, { DELETE: 'delete-archive' }],
  [/^\/([^/]+)\/vaults\/([^/]*)\/multipart-uploads$/, { POST: 'initiate', GET: 'list-uploads' }],
  [
    /^\/([^/]+)\/vaults\/([^/]*)\/multipart-uploads\/([^/]+)$/,
    { PUT: 'upload-part', GET: 'list-parts', POST: 'complete', DELETE: 'abort' },
  ],
  [/^\/([^/]+)\/vaults\/([^/]*)\/jobs$/, { POST: 'initiate-job', GET: 'list-jobs' }],
  [/^\/([^/]+)\/vaults\/([^/]*)\/jobs\/([^/]+)$/, { GET: 'describe-job' }],
  [/^\/([^/]+)\/vaults\/([^/]*)\/jobs\/([^/]+)\/output$/, { GET: 'job-output' }],
];

export interface Route {
  readonly operation: Operation;
  /** `-` or an account number. */
  readonly account: string;
  /** Empty if the path names no vault. */
  readonly vaultName: string;
  /** The id of an upload, an archive or a job; empty if the path has none. */
  readonly id: string;
}

/** Returns null if no operation has this path and method. */
export function findRoute(method: string, path: string): Route | null {
  for (const [shape, methods] of ROUTES) {
    const match = shape.exec(path);
    const operation = methods[method];
    if (match === null || operation === undefined) continue;
    const [account = '', vaultName = '', id = ''] = match.slice(1).map(decodeSegment);
    return { operation, account, vaultName, id };
  }
  return null;
}

function decodeSegment(segment: string | undefined): string {
  try {
    return decodeURIComponent(segment ?? '');
  } catch {
    return segment ?? '';
  }
}
