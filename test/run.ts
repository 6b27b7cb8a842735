/**
 * Runs every `*.test.js` below this folder with node's test runner (which on Node 20 takes no patterns, and would
 * run helpers too if it were given a folder). Words on the command line choose files by a part of their path.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import process from 'node:process';

const here = import.meta.dirname;
const wanted = process.argv.slice(2);
const files = readdirSync(here, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.test.js'))
  .map((entry) => join(entry.parentPath, entry.name))
  .filter((file) => wanted.length === 0 || wanted.some((word) => relative(here, file).includes(word)))
  .sort();
if (files.length === 0) throw new Error(`no test file matches ${wanted.join(' ')}`);
const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env; // Read at every start, and of no use on loopback.
spawn(process.execPath, ['--test', '--test-reporter=spec', '--test-concurrency=3', ...files], {
  stdio: 'inherit',
  env: { ...env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
}).on('exit', (code) => {
  process.exitCode = code ?? 1;
});
