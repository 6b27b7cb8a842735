import { cleanUp } from '../../../core/clean-up.js';
import { TransferError, withContext } from '../../../core/failures.js';
import { parseTargetUrl, type TargetUrl } from '../../../core/target-url.js';
import { type Audit, openAudit } from '../../../transfer/audit.js';
import {
  type AuditedJson,
  type AuditTotals,
  auditedJson,
  auditSummaryJson,
  auditTable,
  NO_COUNTS,
} from '../../../ui/audit-json.js';
import { jsonLine } from '../../../ui/json.js';
import { systemClock } from '../../clock.js';
import type { CommandContext } from '../../command.js';
import { connectTarget, openArchives, resolveTarget } from '../../compose.js';
import { DEFAULT_TRANSFER } from '../../options/transfer.js';
import { rowPrinter } from '../../results.js';
import { assertAudited } from './assert-audited.js';
import type { Options } from './command.js';

/** A write for each of hundreds of thousands of rows takes longer than the audit of its archive. */
const PRINTED_TOGETHER = 16 * 1024;

/** `calve audit TARGET` prints one line for each archive, and a summary. */
export async function audit(context: CommandContext<Options>, words: readonly string[]): Promise<void> {
  const { io, reporter } = context;
  const options = { ...context.options, transfer: DEFAULT_TRANSFER };
  const target = parseTargetUrl(words[0] ?? '');
  const { url } = target;
  const catalogue = openArchives(options);
  const isImporting = options.own.import;
  if (isImporting) await catalogue.proveWritable();
  const resolved = await resolveTarget(io, options, target);
  const connected = await connectTarget(io, options, resolved, { create: false, reporter });
  try {
    const opened = await openAudit({ ...connected, catalogue, signal: io.signal }, isImporting);
    const totals = await printAudit(context, opened, target);
    const { counts, imported, takenAt } = totals;
    reporter.report({ type: 'notice', notice: 'audited', inventoryAt: takenAt, imported, ...counts });
    if (context.output.json) await io.stdout.line(jsonLine(auditSummaryJson(url, totals)));
    // The first failure gives the exit number: an archive that is gone is worse.
    if (counts.missing > 0)
      await context.fail(new TransferError('archives-missing', { count: counts.missing }), { target: url });
    if (counts.different > 0)
      await context.fail(new TransferError('archives-different', { count: counts.different }), {
        target: url,
      });
  } catch (error) {
    throw withContext(error, { target: url });
  } finally {
    await cleanUp(() => connected.target.close());
  }
}

async function printAudit(
  context: CommandContext<Options>,
  { takenAt, archives }: Audit,
  target: TargetUrl,
): Promise<AuditTotals> {
  const startedMs = systemClock.monotonicMs();
  const together = context.io.stdout.isTerminal ? 0 : PRINTED_TOGETHER;
  const printer = rowPrinter<AuditedJson>(context, auditTable, together);
  const counts = { ...NO_COUNTS };
  let imported = 0;
  let rows = 0;
  try {
    for await (const audited of archives()) {
      counts[audited.result] += 1;
      if (audited.imported) imported += 1;
      rows += 1;
      await printer.print(auditedJson(audited));
    }
  } catch (error) {
    // The rows until then are printed, as if each had been written by itself.
    if (rows > 0) await printer.end();
    throw error;
  }
  if (rows === 0) assertAudited(target);
  await printer.end();
  return { counts, imported, takenAt, durationMs: systemClock.monotonicMs() - startedMs };
}
