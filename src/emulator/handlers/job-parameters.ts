/** The body of InitiateJob, read by its rules (Amazon Glacier developer guide, api-initiate-job-post). */
import { parseBytes } from '../http/headers.js';
import { archiveNotFound, invalid, missing, ServiceError } from '../http/service-error.js';
import { isArchiveId } from '../ids.js';
import type { InventoryWish } from '../store/jobs.js';
import { LEAF_BYTES } from '../tree-hash.js';

type Fields = Readonly<Record<string, unknown>> & { readonly InventoryRetrievalParameters?: Fields };

export interface JobOrder {
  readonly description: string | null;
  readonly snsTopic: string | null;
  readonly tier: string;
  readonly subject:
    | { readonly kind: 'archive'; readonly archiveId: string; readonly range: string | null }
    | { readonly kind: 'inventory'; readonly wish: InventoryWish };
}

const TIERS = ['Expedited', 'Standard', 'Bulk'];

/** @throws ServiceError 400 for anything but a legal order */
export function parseJobOrder(body: Buffer): JobOrder {
  if (body.length === 0) throw missing('Job Parameters');
  const fields = parseFields(body);
  const tier = text(fields, 'Tier') ?? 'Standard';
  if (!TIERS.includes(tier)) throw invalid('tier', tier);
  const common = { description: text(fields, 'Description'), snsTopic: text(fields, 'SNSTopic'), tier };
  const type = text(fields, 'Type');
  if (type === null) throw missing('type');
  if (type === 'archive-retrieval') return { ...common, subject: archiveSubject(fields) };
  if (type === 'inventory-retrieval') return { ...common, subject: inventorySubject(fields) };
  throw invalid('job type', type);
}

function parseFields(body: Buffer): Fields {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Fields;
  } catch {
    // Said below, like JSON that is no object.
  }
  throw new ServiceError('SerializationException', 'The job parameters are not a JSON object');
}

/** A text or number by name; null where there is none. */
function text(fields: Fields, name: string): string | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string' && typeof value !== 'number') throw invalid(name, JSON.stringify(value));
  return String(value);
}

function archiveSubject(fields: Fields): JobOrder['subject'] {
  const archiveId = text(fields, 'ArchiveId');
  if (archiveId === null) throw missing('ArchiveId');
  if (!isArchiveId(archiveId)) throw archiveNotFound(archiveId);
  return { kind: 'archive', archiveId, range: text(fields, 'RetrievalByteRange') };
}

function inventorySubject(fields: Fields): JobOrder['subject'] {
  const format = text(fields, 'Format') ?? 'JSON';
  if (format !== 'JSON' && format !== 'CSV') throw invalid('format', format);
  const inner = fields.InventoryRetrievalParameters ?? {};
  const wish = {
    EndDate: text(inner, 'EndDate'),
    Format: format,
    Limit: text(inner, 'Limit'),
    Marker: text(inner, 'Marker'),
    StartDate: text(inner, 'StartDate'),
  } as const;
  for (const name of ['StartDate', 'EndDate'] as const) {
    const date = wish[name];
    if (date !== null && Number.isNaN(Date.parse(date))) throw invalid(name, date);
  }
  if (wish.Limit !== null && !parseBytes(wish.Limit)) throw invalid('Limit', wish.Limit);
  return { kind: 'inventory', wish };
}

/**
 * The bytes to retrieve: they begin on a MiB, and end on one or with the archive.
 * @throws ServiceError InvalidParameterValueException
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
