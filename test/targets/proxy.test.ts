import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFailure } from '../../src/core/failures.js';
import { proxyRules } from '../../src/targets/aws/proxy.js';

const VAULTS = 'glacier.eu-west-1.amazonaws.com';

function proxyFor(env: Record<string, string>, host = VAULTS, port = 443): string | null {
  return proxyRules(env)(host, port, true)?.href ?? null;
}

test('HTTPS_PROXY is used for every host; its lower-case name has priority, and ALL_PROXY is used last', () => {
  assert.equal(proxyFor({}), null);
  assert.equal(proxyFor({ HTTPS_PROXY: 'http://p:3128' }), 'http://p:3128/');
  assert.equal(proxyFor({ HTTPS_PROXY: 'http://p:3128', https_proxy: 'q:8080' }), 'http://q:8080/');
  assert.equal(proxyFor({ ALL_PROXY: 'https://p' }), 'https://p/');
  assert.equal(proxyFor({ HTTPS_PROXY: 'http://p', ALL_PROXY: 'http://q' }), 'http://p/');
  assert.equal(
    proxyFor({ HTTPS_PROXY: '', ALL_PROXY: 'http://q' }),
    null,
    'an empty variable means no proxy',
  );
  assert.equal(proxyFor({ HTTP_PROXY: 'http://p', http_proxy: 'http://q' }), null, 'they are for plain http');
});

test('plain http uses http_proxy in lower case, otherwise ALL_PROXY', () => {
  const plain = (env: Record<string, string>) => proxyRules(env)('store.lan', 9000, false)?.host ?? null;
  assert.equal(plain({ ALL_PROXY: 'http://p', HTTPS_PROXY: 'http://q' }), 'p');
  assert.equal(plain({ ALL_PROXY: 'http://p', http_proxy: 'http://q' }), 'q');
  assert.equal(plain({ HTTP_PROXY: 'http://p', HTTPS_PROXY: 'http://q' }), null);
  assert.equal(plain({ ALL_PROXY: 'http://p', no_proxy: '.lan' }), null);
});

for (const [entries, host, port, isMatch] of [
  ['amazonaws.com', VAULTS, 443, true],
  ['.amazonaws.com', VAULTS, 443, true],
  ['*.amazonaws.com', VAULTS, 443, true],
  ['example.org, AMAZONAWS.COM', VAULTS, 443, true],
  ['example.org amazonaws.com', VAULTS, 443, true],
  [VAULTS, VAULTS, 443, true],
  ['*', VAULTS, 443, true],
  ['amazonaws.com:443', VAULTS, 443, true],
  ['amazonaws.com:8443', VAULTS, 443, false],
  ['zonaws.com', VAULTS, 443, false],
  ['com.example', VAULTS, 443, false],
  ['', VAULTS, 443, false],
  [',', VAULTS, 443, false],
  ['10.0.0.1', '10.0.0.1', 443, true],
  ['[fd00::1]', 'fd00::1', 443, true],
  ['fd00::1', 'fd00::1', 443, true],
  ['fd00::2', 'fd00::1', 443, false],
  ['10.0.0.0/8', '10.200.3.4', 443, true],
  ['10.0.0.0/8', '11.0.0.1', 443, false],
  ['192.168.1.128/25, 172.16.0.0/12', '172.31.255.255', 443, true],
  ['10.0.0.0/33', '10.0.0.1', 443, false],
  ['10.0.0.0/8', VAULTS, 443, false],
  ['fd00::/8', 'fd12:3456::1', 443, true],
  ['[FD00::]/8', 'fd12:3456::1', 443, true],
  ['fd00::/8', 'fe80::1', 443, false],
  ['0.0.0.0/0', 'fd00::1', 443, false],
] as const) {
  test(`NO_PROXY=${entries} ${isMatch ? 'matches' : 'does not match'} ${host}:${port}`, () => {
    const env = { HTTPS_PROXY: 'http://p', NO_PROXY: entries };
    assert.equal(proxyFor(env, host, port), isMatch ? null : 'http://p/');
  });
}

test('no proxy is used for this machine itself', () => {
  for (const host of ['localhost', 'bucket.localhost', '127.0.0.1', '::1'])
    assert.equal(proxyFor({ HTTPS_PROXY: 'http://p' }, host), null, host);
});

test('a value that is not the URL of a proxy is refused by the name of its variable, and is never shown', () => {
  for (const value of [
    'socks5://u:secret@p',
    'ftp://secret',
    'http://',
    'http://secret:port',
    'u:secret@',
    'http://u:secret%zz@p',
  ]) {
    assert.throws(
      () => proxyRules({ https_proxy: value }),
      (error) =>
        isFailure(error, 'usage') &&
        error.facts.what === 'https_proxy' &&
        !JSON.stringify(error.facts).includes('secret'),
      value,
    );
  }
});
