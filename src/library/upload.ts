import { basename } from 'node:path';
import { aboutFile } from '../cli/about-file.js';
import { groups } from '../cli/commands/upload/command.js';
import { planOf } from '../cli/commands/upload/plan-job.js';
import { readSendOptions, withObjectSettings } from '../cli/commands/upload/upload-options.js';
import { readName } from '../cli/commands/upload/words.js';
import { openSession, resolveTarget } from '../cli/compose.js';
import { ownKey } from '../cli/object-key.js';
import type { OptionsOf } from '../cli/options/group.js';
import { withContext } from '../core/failures.js';
import { STANDARD_INPUT_WORD } from '../core/identity.js';
import { parseTargetUrl, urlOfFile } from '../core/target-url.js';
import { withMaxParts } from '../transfer/decorators/max-parts.js';
import type { ByteStream } from '../transfer/ports/source.js';
import { sessionAt } from '../transfer/session.js';
import { uploadFile } from '../transfer/upload.js';
import { uploadStream } from '../transfer/upload-stream.js';
import { archiveJson } from '../ui/archive-json.js';
import { byteStreamOf, pathOf } from './byte-stream.js';
import { type Operation, perform } from './operation.js';
import type { Source, UploadOptions } from './options.js';
import type { Archive } from './results.js';

const { find: _, ...OWN_GROUPS } = groups;
const WITHOUT = ['--from-command', '--dry-run'];

type UploadOperation = Operation<OptionsOf<typeof OWN_GROUPS>>;

export function uploadSource(source: Source, target: string, options: UploadOptions): Promise<Archive> {
  return perform({ groups: OWN_GROUPS, without: WITHOUT, options }, (operation) =>
    send(operation, source, target),
  );
}

async function send(operation: UploadOperation, source: Source, target: string): Promise<Archive> {
  const path = pathOf(source);
  if (path !== null) return sendFrom(operation, path, target);
  const stream = byteStreamOf(source, operation.io.signal);
  try {
    return await sendFrom(operation, stream, target);
  } finally {
    await stream.close();
  }
}

async function sendFrom(
  operation: UploadOperation,
  source: string | ByteStream,
  target: string,
): Promise<Archive> {
  const { io, given, reporter } = operation;
  const [path, stream] = typeof source === 'string' ? [source, null] : [null, source];
  const url = parseTargetUrl(String(target));
  const name = readName(given, url, stream !== null);
  const file = path === null ? STANDARD_INPUT_WORD : io.absolute(path);
  const ownUrl = urlOfFile(url, path === null ? (name ?? file) : basename(file));
  const request = { ...readSendOptions(operation, url), file, name };
  const about = { file: name ?? file, target: ownUrl.url };
  const settings = withObjectSettings(operation.options);
  try {
    await planOf({ request, url: ownUrl }, settings.plan.maxParts);
    const resolved = await resolveTarget(io, settings, url);
    const { session, close } = await openSession(io, settings, resolved, { create: true, reporter });
    try {
      const limited = { ...session, target: withMaxParts(session.target, settings.plan.maxParts) };
      const named = aboutFile(sessionAt(limited, ownKey(ownUrl)), about.file);
      const sent =
        stream === null ? await uploadFile(named, request) : await uploadStream(named, request, stream);
      return archiveJson(sent.entry, sent);
    } finally {
      await close();
    }
  } catch (error) {
    throw withContext(error, about);
  }
}
