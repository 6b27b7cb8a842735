import { groups } from '../cli/commands/abort/command.js';
import { openAbort, readSelection } from '../cli/commands/abort/selection.js';
import { stopsTheRun } from '../cli/exit-codes.js';
import { checkKey, ownKey } from '../cli/object-key.js';
import { cleanUp } from '../core/clean-up.js';
import { isFailure, withContext } from '../core/failures.js';
import { parseTargetUrl } from '../core/target-url.js';
import { type AbortSession, abortUpload } from '../transfer/abort.js';
import { chooseUploads } from '../transfer/choose-uploads.js';
import type { OpenUpload } from '../transfer/ports/target.js';
import { sessionAt } from '../transfer/session.js';
import { abortedJson } from '../ui/json.js';
import { perform } from './operation.js';
import type { AbortOptions } from './options.js';
import type { Aborted } from './results.js';

const WITHOUT = ['--yes', '--dry-run'];

export function abortUploads(target: string, options: AbortOptions): Promise<Aborted[]> {
  return perform({ groups, without: WITHOUT, options }, async ({ io, options: read, reporter }) => {
    const url = parseTargetUrl(String(target));
    const selection = readSelection(read.own);
    const isSweep = selection.ids.length === 0;
    if (!isSweep) checkKey(url, 'abort');
    const session = await openAbort({ io, options: read, reporter }, url);
    try {
      const uploads = isSweep
        ? (await chooseUploads(session, selection)).take.map(({ open }) => open)
        : selection.ids.map((uploadId) => ({ uploadId, key: ownKey(url) }));
      return await abortEach(session, uploads, { listed: isSweep, forget: read.own.dropRecord });
    } catch (error) {
      throw withContext(error, { target: url.url });
    } finally {
      await cleanUp(() => session.target.close());
    }
  });
}

/** Tries all of them. @throws the first failure, after the others were tried */
async function abortEach(
  session: AbortSession,
  uploads: readonly Pick<OpenUpload, 'uploadId' | 'key'>[],
  how: { readonly listed: boolean; readonly forget: boolean },
): Promise<Aborted[]> {
  const aborted: Aborted[] = [];
  const busy: unknown[] = [];
  const failures: unknown[] = [];
  for (const { uploadId, key } of uploads) {
    const there = sessionAt(session, key);
    try {
      const { answer } = await abortUpload(there, uploadId, how);
      aborted.push(abortedJson({ uploadId, target: there.targetIdentity.url, key }, answer));
    } catch (error) {
      if (stopsTheRun(error)) throw error;
      (isFailure(error, 'busy') ? busy : failures).push(error);
    }
  }
  const [first] = [...failures, ...busy];
  if (first !== undefined) throw first;
  return aborted;
}
