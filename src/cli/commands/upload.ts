import { resolve } from 'node:path';
import { checkDescription } from '../../core/description.js';
import { TransferError } from '../../core/failures.js';
import { isLegalPartSize, type PartPlan, partSizeUsage } from '../../core/part-plan.js';
import { looksLikeTarget, parseTargetUrl, type TargetUrl } from '../../core/target-url.js';
import { TARGETS } from '../../targets/registry.js';
import { planFile } from '../../transfer/plan-file.js';
import { type UploadWish, uploadFile } from '../../transfer/upload.js';
import { planJson } from '../../ui/json.js';
import { planText } from '../../ui/result-text.js';
import { aboutFile } from '../about-file.js';
import { checkTarget, openSession, openSources } from '../compose.js';
import { stopsTheRun } from '../exit-codes.js';
import { printArchive } from '../print-archive.js';
import type { CommandContext } from '../run-command.js';

/** `calve upload FILE... TARGET` */
export async function upload(context: CommandContext, words: readonly string[]): Promise<void> {
  const { files, url } = filesAndTarget(words);
  const { io, options, reporter } = context;
  const isDryRun = options.read.flag('dryRun');
  if (!isDryRun) await checkTarget(io, options, url);
  const wishes = await checkFiles(context, files, url);
  if (wishes.length === 0 || isDryRun) return;
  const { session, close } = await openSession(io, options, { url, create: true, reporter });
  try {
    for (const wish of wishes) {
      try {
        await printArchive(context, await uploadFile(aboutFile(session, wish.file), wish));
      } catch (error) {
        await context.fail(error, { file: wish.file, target: url.url });
        if (stopsTheRun(error)) return;
      }
    }
  } finally {
    await close();
  }
}

/** @throws TransferError `usage` */
function filesAndTarget(words: readonly string[]): { files: readonly string[]; url: TargetUrl } {
  const files = words.slice(0, -1);
  const last = words.at(-1) ?? '';
  const refuse = (why: string): never => {
    const hint = 'as in: calve upload backup.tar glacier://photos';
    throw new TransferError('usage', { what: 'upload', why, hint });
  };
  if (!looksLikeTarget(last)) refuse(`the last word must be the target, and ${last} is none`);
  if (files.length === 0) refuse('no file is named');
  if (files.includes('-')) refuse('standard input cannot be sent yet');
  const target = files.find(looksLikeTarget);
  if (target !== undefined) refuse(`a run has one target, and ${target} is another`);
  return { files, url: parseTargetUrl(last) };
}

/**
 * Every file is looked at before the service is asked: a missing one is told of whatever the service would say. With
 * --dry-run, its plan is printed.
 * @returns those that can be sent
 */
async function checkFiles(
  context: CommandContext,
  files: readonly string[],
  url: TargetUrl,
): Promise<UploadWish[]> {
  const { limits } = TARGETS[url.scheme];
  const common = readWish(context, url);
  const sources = openSources(context.options);
  const wishes: UploadWish[] = [];
  for (const file of files) {
    try {
      const wish = { ...common, file: resolve(context.io.cwd, file) };
      const plan = await planFile(sources.open, wish, limits);
      if (context.options.read.flag('dryRun')) await printPlan(context, wish.file, url, plan);
      wishes.push(wish);
    } catch (error) {
      await context.fail(error, { file, target: url.url });
    }
  }
  await sources.close();
  return wishes;
}

/** @throws TransferError `usage` */
function readWish(context: CommandContext, url: TargetUrl): Omit<UploadWish, 'file'> {
  const { read } = context.options;
  const { limits } = TARGETS[url.scheme];
  const partSizeBytes = read.text('partSize') === 'auto' ? 'auto' : read.sizeBytes('partSize');
  if (typeof partSizeBytes === 'number' && !isLegalPartSize(partSizeBytes, limits)) {
    const { why, hint } = partSizeUsage('', limits).facts;
    read.refuse('partSize', why, hint ?? undefined);
  }
  return {
    partSizeBytes,
    description: read.checked('description', checkDescription),
    fresh: read.flag('fresh'),
  };
}

async function printPlan(
  context: CommandContext,
  file: string,
  url: TargetUrl,
  plan: PartPlan,
): Promise<void> {
  const object = planJson({
    file,
    target: url.url,
    size: plan.sizeBytes,
    partSize: plan.partSizeBytes,
    parts: plan.partCount,
    // Begin, one for each part, complete.
    requests: plan.partCount + 2,
    storageClass: null,
  });
  await context.result(object, planText(object));
}
