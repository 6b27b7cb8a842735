// Loads the built program: a few files (npm run bundle) which V8 need not compile anew at each start, where what it
// compiled for them at the build was kept by the very same V8. Measured in docs/benchmarks.md.
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

const FOLDER = join(__dirname, '../dist/calve');
// V8 itself refuses the cache of another version, of other flags or another processor, and compiles as ever.
const CACHE = join(FOLDER, `code-${process.versions.v8}-${process.arch}.cache`);

/** `{ NAME: { digest, start, end } }` as a line of JSON, then the code. */
function readCache() {
  try {
    const bytes = readFileSync(CACHE);
    const endOfLine = bytes.indexOf(10);
    return { index: JSON.parse(bytes.toString('utf8', 0, endOfLine)), code: bytes.subarray(endOfLine + 1) };
  } catch {
    return { index: {}, code: null };
  }
}

const digestOf = (source) => createHash('sha256').update(source).digest('hex');
const cache = readCache();
const modules = new Map();

/** V8 compares but the length of the source with what the code was compiled from. */
function codeOf(name, source) {
  const found = cache.index[name];
  return found?.digest === digestOf(source) ? cache.code.subarray(found.start, found.end) : undefined;
}

/** As Node's own loader of CommonJS does it; the files need only each other and what Node has. */
function load(name) {
  const known = modules.get(name);
  if (known !== undefined) return known.module.exports;
  const filename = join(FOLDER, name);
  const source = readFileSync(filename, 'utf8');
  const wrapped = `(function (exports, require, module, __filename, __dirname) { ${source}\n})`;
  const script = new Script(wrapped, { filename, cachedData: codeOf(name, source) });
  const module = { exports: {} };
  modules.set(name, { module, script, source });
  script.runInThisContext()(module.exports, requireHere, module, filename, FOLDER);
  return module.exports;
}

const requireHere = (wanted) => (wanted.startsWith('./') ? load(wanted.slice(2)) : require(wanted));

module.exports = { CACHE, digestOf, load, modules };
