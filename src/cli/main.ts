/** argv in, exit number out. Nothing is loaded that `calve --version` does not need: scripts ask for it often. */
import { readFileSync } from 'node:fs';
import process from 'node:process';

const argv = process.argv.slice(2);
const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.write(`${version}\n`);
} else {
  const { run } = await import('./run.js');
  process.exitCode = await run(argv, version);
}
