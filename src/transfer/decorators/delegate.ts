/** The base of every decorator of a target. */
import type { Target } from '../ports/target.js';

/**
 * Returns a target that passes every call on to `target`, except for the methods that `overrides` returns. The target of
 * another key (`at`) is decorated in the same way. Spreading a target would lose the methods of a class; the compiler
 * proves that this list is complete.
 * @param overrides called for each inner target: the given one, and those of other keys
 */
export function delegate(target: Target, overrides: (inner: Target) => Partial<Target>): Target {
  return {
    capabilities: target.capabilities,
    partTimeMs: target.partTimeMs,
    at: (key) => delegate(target.at(key), overrides),
    findCredentials: (...args) => target.findCredentials(...args),
    serviceTimeMs: (...args) => target.serviceTimeMs(...args),
    locate: (...args) => target.locate(...args),
    createUpload: (...args) => target.createUpload(...args),
    partHashes: (uploadId) => target.partHashes(uploadId),
    sendPart: (...args) => target.sendPart(...args),
    putObject: (...args) => target.putObject(...args),
    listPartsPage: (...args) => target.listPartsPage(...args),
    complete: (...args) => target.complete(...args),
    lookAt: (...args) => target.lookAt(...args),
    findArchive: (...args) => target.findArchive(...args),
    abort: (...args) => target.abort(...args),
    listUploadsPage: (...args) => target.listUploadsPage(...args),
    openArchiveList: (...args) => target.openArchiveList(...args),
    listArchivesPage: (...args) => target.listArchivesPage(...args),
    close: () => target.close(),
    ...overrides(target),
  };
}
