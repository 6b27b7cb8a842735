#!/usr/bin/env node
// CommonJS, like the bundle that it starts: Node loads it faster than ES modules (docs/benchmarks.md).
// Every Node since version 4 must be able to read this file, to say which version is needed: the syntax is old, and nothing
// is loaded before the version is checked.
const nodeVersion = process.versions.node;
const parts = nodeVersion.split('.');

// The first process of a container gets only the signals for which it has a handler. One that arrives while the program is
// loaded waits for the handlers of main.js, which replace this one.
function wait() {}

function start() {
  process.on('SIGINT', wait);
  process.on('SIGTERM', wait);
  const version = require('../package.json').version;
  const words = process.argv.slice(2);
  // Scripts often ask for the version alone, so nothing else is loaded for it. Among other words -V may be part of an id.
  if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
    process.stdout.write(`${version}\n`);
    return;
  }
  require('../dist/calve/main.js').main(version);
}

// The same versions as in package.json, which nobody checks at the start. Node 21 and 22.0 have no fast CRC-32.
const major = Number(parts[0]);
const minor = Number(parts[1]);
if (major > 22 || (major === 22 && minor >= 2) || (major === 20 && minor >= 19)) {
  start();
} else {
  process.stderr.write(`calve: Node ${nodeVersion}: calve needs Node 20.19, or 22.2 or later\n`);
  process.exitCode = 2;
}
