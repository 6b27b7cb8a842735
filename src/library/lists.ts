/** Lists that come one by one, and are read from the service page by page. */
import { groups as listPartsGroups } from '../cli/commands/list-parts/command.js';
import { groups as listUploadsGroups } from '../cli/commands/list-uploads/command.js';
import { connectTarget, openState, resolveTarget } from '../cli/compose.js';
import { joinedJson } from '../cli/joined-json.js';
import { checkKey } from '../cli/object-key.js';
import { folderOptions } from '../cli/options/state.js';
import { DEFAULT_TRANSFER } from '../cli/options/transfer.js';
import { cleanUp } from '../core/clean-up.js';
import { TransferError, withContext } from '../core/failures.js';
import { parseTargetUrl, schemeOf } from '../core/target-url.js';
import { TARGETS } from '../targets/registry.js';
import { listUploads } from '../transfer/list.js';
import { listPartsPages } from '../transfer/list-parts.js';
import { partJson, unfinishedJson } from '../ui/json.js';
import { performEach } from './operation.js';
import type { ListPartsOptions, PlaceOptions } from './options.js';
import type { Part, Unfinished, Upload } from './results.js';

export function eachUpload(target: string, options: PlaceOptions): AsyncGenerator<Upload, void, undefined> {
  const call = { groups: listUploadsGroups, without: ['--limit', '--marker'], options };
  return performEach(call, async function* ({ io, options: read, reporter }) {
    const url = parseTargetUrl(String(target));
    const settings = { ...read, transfer: DEFAULT_TRANSFER };
    const state = openState(settings);
    const resolved = await resolveTarget(io, settings, url);
    const connected = await connectTarget(io, settings, resolved, { create: false, reporter });
    const session = { ...connected, state, signal: io.signal };
    try {
      for await (const upload of listUploads(session)) yield joinedJson(session, upload);
    } catch (error) {
      throw withContext(error, { target: url.url });
    } finally {
      await cleanUp(() => session.target.close());
    }
  });
}

export function eachPart(target: string, options: ListPartsOptions): AsyncGenerator<Part, void, undefined> {
  return performEach({ groups: listPartsGroups, options }, async function* ({ io, options: read, reporter }) {
    const url = parseTargetUrl(String(target));
    checkKey(url, 'list-parts');
    const { uploadId } = read.own;
    if (uploadId === null) {
      const hint = 'listParts(TARGET, { uploadId })';
      throw new TransferError('usage', { what: 'listParts', why: 'no upload is named', hint });
    }
    const settings = { ...read, transfer: DEFAULT_TRANSFER };
    const resolved = await resolveTarget(io, settings, url);
    const { target: opened } = await connectTarget(io, settings, resolved, { create: false, reporter });
    try {
      for await (const page of listPartsPages(opened, uploadId, io.signal)) {
        for (const part of page.parts) yield partJson(part, page.partSizeBytes);
      }
    } catch (error) {
      throw withContext(error, { target: url.url, uploadId });
    } finally {
      await cleanUp(() => opened.close());
    }
  });
}

export function eachUnfinished(options: PlaceOptions): AsyncGenerator<Unfinished, void, undefined> {
  return performEach({ groups: folderOptions, options }, async function* ({ options: read }) {
    for (const upload of await openState(read).all()) {
      const scheme = schemeOf(upload.head.identity.target.url);
      yield unfinishedJson(upload, TARGETS[scheme].capabilities.idleExpiryMs);
    }
  });
}
