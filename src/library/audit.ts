import { systemClock } from '../cli/clock.js';
import { assertAudited } from '../cli/commands/audit/assert-audited.js';
import { groups } from '../cli/commands/audit/command.js';
import { connectTarget, openArchives, resolveTarget } from '../cli/compose.js';
import { DEFAULT_TRANSFER } from '../cli/options/transfer.js';
import { cleanUp } from '../core/clean-up.js';
import { withContext } from '../core/failures.js';
import { parseTargetUrl } from '../core/target-url.js';
import { openAudit } from '../transfer/audit.js';
import { auditedJson, auditSummaryJson, NO_COUNTS } from '../ui/audit-json.js';
import { performEach } from './operation.js';
import type { AuditOptions } from './options.js';
import type { Audited, AuditSummary } from './results.js';

export function eachAudited(
  target: string,
  options: AuditOptions,
): AsyncGenerator<Audited | AuditSummary, void, undefined> {
  return performEach({ groups, options }, async function* ({ io, options: read, reporter }) {
    const startedMs = systemClock.monotonicMs();
    const settings = { ...read, transfer: DEFAULT_TRANSFER };
    const url = parseTargetUrl(String(target));
    const catalogue = openArchives(settings);
    if (read.own.import) await catalogue.proveWritable();
    const resolved = await resolveTarget(io, settings, url);
    const connected = await connectTarget(io, settings, resolved, { create: false, reporter });
    try {
      const session = { ...connected, catalogue, signal: io.signal };
      const { takenAt, archives } = await openAudit(session, read.own.import);
      const counts = { ...NO_COUNTS };
      let imported = 0;
      let rows = 0;
      for await (const audited of archives()) {
        counts[audited.result] += 1;
        if (audited.imported) imported += 1;
        rows += 1;
        yield auditedJson(audited);
      }
      if (rows === 0) assertAudited(url);
      const durationMs = systemClock.monotonicMs() - startedMs;
      reporter.report({ type: 'notice', notice: 'audited', inventoryAt: takenAt, imported, ...counts });
      yield auditSummaryJson(url.url, { counts, imported, takenAt, durationMs });
    } catch (error) {
      throw withContext(error, { target: url.url });
    } finally {
      await cleanUp(() => connected.target.close());
    }
  });
}
