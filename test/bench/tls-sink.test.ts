import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openHome } from '../support/home.js';
import { compileTlsSink, startTlsSink } from './tls-sink.js';

const KEYS = { AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'bench', AWS_REGION: 'us-east-1' };

test('the server of the benchmark takes an upload over TLS, with a certificate that calve verifies', async (t) => {
  const home = openHome(t, KEYS);
  const compiled = compileTlsSink(home.folder);
  if ('missing' in compiled) return t.skip(compiled.missing);
  const sink = await startTlsSink(compiled.path, home.folder);
  try {
    const file = home.file('file', 3_000_000);
    const words = ['upload', file, 'glacier://v', '--endpoint-url', sink.url, '--part-size', '1M'];
    const { code, stderr } = await home.run(words, { AWS_CA_BUNDLE: sink.certificatePath });
    assert.equal(code, 0, stderr);
    assert.equal((await sink.usage()).bodyBytes, 3_000_000);
  } finally {
    await sink.stop();
  }
});
