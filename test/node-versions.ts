/**
 * Runs the whole suite on each version of Node that is supported: once before a release. Words on the command line choose
 * test files, as for run.ts. `--install` only downloads the binaries, `--only 24` runs one version.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { missingNode, NODE_VERSIONS, nodeBinary, nodePackage } from './support/node-versions.js';

const RUN = join(import.meta.dirname, 'run.js');

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Downloads a binary by npm, which compares its checksum. A download that stops halfway leaves no binary. */
function install(version: string): void {
  const binary = nodeBinary(version);
  const versionFolder = dirname(dirname(binary));
  mkdirSync(dirname(versionFolder), { recursive: true });
  const folder = mkdtempSync(`${versionFolder}-`);
  try {
    const wanted = nodePackage(version);
    const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel', 'error'];
    const { status } = spawnSync('npm', ['install', '--prefix', folder, ...options, wanted], {
      stdio: 'inherit',
    });
    if (status !== 0) throw new Error(`npm did not install ${wanted}`);
    mkdirSync(dirname(binary), { recursive: true });
    const name = wanted.slice(0, wanted.lastIndexOf('@'));
    renameSync(join(folder, 'node_modules', name, 'bin/node'), binary);
    say(`Node ${version} is in ${versionFolder}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs the suite on a version. Scripts that call `node` get the same version. @returns true if it passed */
function passes(version: string, words: readonly string[]): boolean {
  say(`\nNode ${version}`);
  const binary = nodeBinary(version);
  const path = [dirname(binary), process.env['PATH'] ?? ''].join(delimiter);
  const env = { ...process.env, PATH: path };
  const runs = words.length > 0 ? [words] : [[], ['--slow']];
  return runs
    .map((each) => spawnSync(binary, [RUN, ...each], { stdio: 'inherit', env }).status)
    .every((status) => status === 0);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { install: { type: 'boolean' }, only: { type: 'string' } },
});
const { only } = values;
const versions = NODE_VERSIONS.filter((each) => only === undefined || `${each}.`.startsWith(`${only}.`));
if (versions.length === 0) throw new Error(`${only} is none of ${NODE_VERSIONS.join(', ')}`);
for (const version of versions) if (missingNode(version) !== false) install(version);
if (values.install !== true) {
  const failed = versions.filter((version) => !passes(version, positionals));
  say(failed.length === 0 ? `\npassed on ${versions.join(', ')}` : `\nfailed on ${failed.join(', ')}`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}
