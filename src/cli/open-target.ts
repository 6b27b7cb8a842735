/** Opens the adapter of a target, with the retries and the number of lanes that the options name. */
import type { TargetConnection } from '../core/identity.js';
import type { Scheme } from '../core/target-url.js';
import { TARGETS } from '../targets/registry.js';
import type { ServiceEndpoint } from '../targets/settings.js';
import { withAdaptiveConcurrency } from '../transfer/decorators/adaptive-concurrency.js';
import { withRetry } from '../transfer/decorators/retry.js';
import type { Report } from '../transfer/events.js';
import type { Target } from '../transfer/ports/target.js';
import { systemClock } from './clock.js';
import type { ResolvedTarget } from './compose.js';
import type { TargetOptions } from './options/session.js';

/** Sends no request. @throws TransferError `usage`, `refused`, `state` */
export async function openTarget(
  options: TargetOptions,
  { settings, endpoint }: ResolvedTarget,
  report: Report,
): Promise<{ readonly target: Target; readonly connection: TargetConnection }> {
  const { scheme } = settings.url;
  const { concurrency } = options.transfer;
  const opened = await TARGETS[scheme].open(settings, endpoint);
  if (!settings.verifyTls && usesTls(scheme, endpoint)) {
    report({ type: 'notice', notice: 'certificates-not-verified' });
  }
  const controlled = withAdaptiveConcurrency(opened.target, { concurrency, clock: systemClock, report });
  const target = withRetry(controlled, { policy: options.service.retry, clock: systemClock, report });
  return { target, connection: opened.connection };
}

function usesTls(scheme: Scheme, { endpoint }: ServiceEndpoint): boolean {
  return scheme !== 'local' && !endpoint?.startsWith('http:');
}
