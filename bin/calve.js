#!/usr/bin/env node
// CommonJS, like the bundle that it starts: Node loads it faster than ES modules (docs/benchmarks.md).
const module_ = require('node:module');
const { version } = require('../package.json');

const words = process.argv.slice(2);
// Scripts often ask for the version alone, so nothing else is loaded for it. Among other words -V may be part of an id.
if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
  process.stdout.write(`${version}\n`);
} else {
  module_.enableCompileCache?.();
  void require('../dist/calve/main.js').main(version);
}
