#!/usr/bin/env node
// CommonJS, because the version (which scripts ask for often) is told before any module loader has started.
const { version } = require('../package.json');

const words = process.argv.slice(2);
if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
  process.stdout.write(`${version}\n`);
} else {
  // The built program is a few files (npm run bundle): some hundred modules would take longer to find than to run.
  void import('../dist/calve/main.mjs').then(({ main }) => main(version));
}
