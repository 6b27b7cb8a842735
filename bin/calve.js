#!/usr/bin/env node
// CommonJS, because the version (which scripts ask for often) is told before any module loader has started.
const { setFlagsFromString } = require('node:v8');
const { version } = require('../package.json');

const words = process.argv.slice(2);
// -V here alone: among other words an id may begin with it.
if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
  process.stdout.write(`${version}\n`);
} else {
  // A long run's heap would grow by 50 MiB of what parts leave behind before V8 looks at it. Not at the start, which
  // would take a sixth longer, and not before the code is loaded: what the build compiled is refused under other flags.
  setTimeout(setFlagsFromString, 2000, '--optimize-for-size').unref();
  void require('./load.js').load('main.js').main(version);
}
