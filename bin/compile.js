// The last step of npm run bundle: does what most runs do, and keeps what V8 compiled for it (see load.js).
// Whatever it needs is below a folder of its own, and a server on loopback that stands for a store.
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { createServer } = require('node:http');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { CACHE, digestOf, load, modules } = require('./load.js');

const NO_UPLOADS =
  '<ListMultipartUploadsResult><Bucket>bucket</Bucket><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>';

/** Runs the program as the shell would. */
async function run(...words) {
  process.argv.splice(2, Infinity, ...words);
  await load('main.js').main('0.0.0');
  if (process.exitCode !== 0) throw new Error(`calve ${words.join(' ')} ended with ${process.exitCode}`);
}

async function train(folder) {
  const file = join(folder, 'file');
  writeFileSync(file, Buffer.alloc(3 << 20));
  const vaults = ['local://vault', '--local-dir', join(folder, 'vaults')];
  await run('upload', file, ...vaults, '--part-size', '1M', '--quiet');
  await run('list-uploads', ...vaults);
  await run('status');
  await run('archives');
  const store = createServer((_, response) => response.end(NO_UPLOADS)).listen(0, '127.0.0.1');
  await new Promise((resolve) => store.once('listening', resolve));
  const url = `http://127.0.0.1:${store.address().port}`;
  await run('list-uploads', 's3://bucket', '--endpoint-url', url, '--max-attempts', '1').finally(() => {
    store.closeAllConnections();
    store.close();
  });
}

function keep() {
  const index = {};
  const pieces = [];
  let length = 0;
  for (const [name, { script, source }] of modules) {
    const code = script.createCachedData();
    index[name] = { digest: digestOf(source), start: length, end: length + code.length };
    pieces.push(code);
    length += code.length;
  }
  writeFileSync(CACHE, Buffer.concat([Buffer.from(`${JSON.stringify(index)}\n`), ...pieces]));
}

const folder = mkdtempSync(join(tmpdir(), 'calve-'));
const home = { HOME: folder, AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x', AWS_REGION: 'us-east-1' };
for (const name of Object.keys(process.env))
  if (/^(CALVE|AWS|OBS|XDG)_|_PROXY$/i.test(name)) delete process.env[name];
Object.assign(process.env, home);
train(folder)
  .then(keep)
  // Without it everything works, and takes longer to start.
  .catch((error) => process.stderr.write(`no code cache was made: ${error.stack}\n`))
  .finally(() => rmSync(folder, { recursive: true, force: true }));
