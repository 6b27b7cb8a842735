/** Parses the body of an initiate job request (Amazon Glacier developer guide, api-initiate-job-post). */
import { parseBytes } from '../http/headers.js';
import { archiveNotFound, invalid, missing, ServiceError } from '../http/service-error.js';
import { isArchiveId } from '../ids.js';
import type { InventoryParameters } from '../store/jobs.js';
import { LEAF_BYTES } from '../tree-hash.js';

type Fields = Readonly<Record<string, unknown>> & { readonly InventoryRetrievalParameters?: Fields };

export interface JobParameters {
  readonly description: string | null;
  readonly snsTopic: string | null;
  readonly tier: string;
  readonly retrieval:
    | { readonly kind: 'archive'; readonly archiveId: string; readonly range: string | null }
    | { readonly kind: 'inventory'; readonly parameters: InventoryParameters };
}

const TIERS = ['Expedited', 'Standard', 'Bulk'];

/** @throws ServiceError 400 unless the job parameters are legal */
export function parseJobParameters(body: Buffer): JobParameters {
  if (body.length === 0) throw missing('Job Parameters');
  const fields = parseFields(body);
  const tier = text(fields, 'Tier') ?? 'Standard';
  if (!TIERS.includes(tier)) throw invalid('tier', tier);
  const common = { description: text(fields, 'Description'), snsTopic: text(fields, 'SNSTopic'), tier };
  const type = text(fields, 'Type');
  if (type === null) throw missing('type');
  if (type === 'archive-retrieval') return { ...common, retrieval: archiveRetrieval(fields) };
  if (type === 'inventory-retrieval') return { ...common, retrieval: inventoryRetrieval(fields) };
  throw invalid('job type', type);
}

function parseFields(body: Buffer): Fields {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Fields;
  } catch {
    // Text that is not JSON gets the same error as JSON that is not an object.
  }
  throw new ServiceError('SerializationException', 'The job parameters are not a JSON object');
}

/** Returns a string or a number as text; null if the field is missing. */
function text(fields: Fields, name: string): string | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string' && typeof value !== 'number') throw invalid(name, JSON.stringify(value));
  return String(value);
}

function archiveRetrieval(fields: Fields): JobParameters['retrieval'] {
  const archiveId = text(fields, 'ArchiveId');
  if (archiveId === null) throw missing('ArchiveId');
  if (!isArchiveId(archiveId)) throw archiveNotFound(archiveId);
  return { kind: 'archive', archiveId, range: text(fields, 'RetrievalByteRange') };
}

function inventoryRetrieval(fields: Fields): JobParameters['retrieval'] {
  const format = text(fields, 'Format') ?? 'JSON';
  if (format !== 'JSON' && format !== 'CSV') throw invalid('format', format);
  const inner = fields.InventoryRetrievalParameters ?? {};
  const parameters = {
    EndDate: text(inner, 'EndDate'),
    Format: format,
    Limit: text(inner, 'Limit'),
    Marker: text(inner, 'Marker'),
    StartDate: text(inner, 'StartDate'),
  } as const;
  for (const name of ['StartDate', 'EndDate'] as const) {
    const date = parameters[name];
    if (date !== null && Number.isNaN(Date.parse(date))) throw invalid(name, date);
  }
  if (parameters.Limit !== null && !parseBytes(parameters.Limit)) throw invalid('Limit', parameters.Limit);
  return { kind: 'inventory', parameters };
}

/**
 * Returns the first and the last byte to retrieve.
 * @throws ServiceError unless the range starts at a multiple of 1 MiB, and ends at one or at the end of the archive
 */
export function parseRetrievalRange(range: string | null, sizeBytes: number): [start: number, end: number] {
  if (range === null) return [0, sizeBytes - 1];
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(range);
  const [start, end] = [Number(match?.[1]), Number(match?.[2])];
  const aligned = start % LEAF_BYTES === 0 && ((end + 1) % LEAF_BYTES === 0 || end === sizeBytes - 1);
  if (match === null || !aligned || start > end || end >= sizeBytes)
    throw invalid('RetrievalByteRange', range);
  return [start, end];
}
