import { cleanUp } from '../../../core/clean-up.js';
import { TransferError, withContext } from '../../../core/failures.js';
import { parseTargetUrl } from '../../../core/target-url.js';
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
import type { Options } from './command.js';

/** `calve audit TARGET` prints one line for each archive, and a summary. */
export async function audit(context: CommandContext<Options>, words: readonly string[]): Promise<void> {
  const { io, reporter } = context;
  const options = { ...context.options, transfer: DEFAULT_TRANSFER };
  const { url } = parseTargetUrl(words[0] ?? '');
  const catalogue = openArchives(options);
  const isImporting = options.own.import;
  if (isImporting) await catalogue.proveWritable();
  const resolved = await resolveTarget(io, options, parseTargetUrl(url));
  const connected = await connectTarget(io, options, resolved, { create: false, reporter });
  try {
    const opened = await openAudit({ ...connected, catalogue, signal: io.signal }, isImporting);
    const totals = await printAudit(context, opened);
    const { counts, imported, takenAt } = totals;
    reporter.report({ type: 'notice', notice: 'audited', takenAt, imported, ...counts });
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
): Promise<AuditTotals> {
  const startedMs = systemClock.monotonicMs();
  const printer = rowPrinter<AuditedJson>(context, auditTable);
  const counts = { ...NO_COUNTS };
  let imported = 0;
  for await (const audited of archives()) {
    counts[audited.result] += 1;
    if (audited.imported) imported += 1;
    await printer.print(auditedJson(audited));
  }
  await printer.end();
  return { counts, imported, takenAt, durationMs: systemClock.monotonicMs() - startedMs };
}
