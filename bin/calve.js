#!/usr/bin/env node
// CommonJS, because the version (which scripts ask for often) is told before any module loader has started.
const words = process.argv.slice(2);
if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
  process.stdout.write(`${require('../package.json').version}\n`);
} else {
  void import('../dist/src/cli/main.js');
}
