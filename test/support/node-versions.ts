/** The versions of Node that calve is tested on, and where their binaries lie. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

/** The oldest version that package.json allows, and a recent one of each major version that is supported or to come. */
export const NODE_VERSIONS = ['20.19.0', '22.23.3', '24.20.0', '26.10.0'] as const;

/** Git ignores this folder. `.ci/run` fills it. */
const CACHE = join(import.meta.dirname, '../../../.ci/nodes');

/** Returns the path of the binary of a version. It exists only after an installation. */
export function nodeBinary(version: string): string {
  return join(CACHE, version, 'bin/node');
}

/** @returns why a version cannot run here, or false */
export function missingNode(version: string): string | false {
  if (existsSync(nodeBinary(version))) return false;
  return `Node ${version} is not here: npm run test:node-versions -- --install`;
}

/**
 * Returns the package of the registry that has the binary for this machine.
 * Source: the script of the package `node`, which installs one of these.
 */
export function nodePackage(version: string): string {
  const isAppleSilicon = process.platform === 'darwin' && process.arch === 'arm64';
  return `${isAppleSilicon ? 'node-bin' : 'node'}-${process.platform}-${process.arch}@${version}`;
}
