#!/usr/bin/env node
// CommonJS, because the version (which scripts ask for often) is told before any module loader has started.
const { version } = require('../package.json');

const words = process.argv.slice(2);
if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
  process.stdout.write(`${version}\n`);
} else {
  void require('./load.js').load('main.js').main(version);
}
