import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processError } from '../../src/targets/aws/credential-process.js';

const section = { credential_process: '/opt/keys --secret word' };
const base = { name: 'cold', section, services: {}, all: { cold: section } };

test('a credential_process that the system cannot start for want of processes is tried again, and names the limit', () => {
  for (const code of ['EAGAIN', 'ENOMEM', 'EMFILE']) {
    const error = processError(new Error(`spawn /bin/sh ${code}`), base);
    assert.equal(error?.isTransient, true);
    assert.match(error?.message ?? '', new RegExp(`profile cold could not be started: ${code}.*ulimit -u`));
  }
});

test('a credential_process that fails is named without its words, and its profile is the one that has it', () => {
  const role = { ...base, name: 'role', all: { cold: section, role: { source_profile: 'cold' } } };
  const error = processError(new Error('Command failed: /opt/keys --secret word'), role);
  assert.equal(error?.message, 'the credential_process of profile cold failed: /opt/keys');
  assert.equal(error?.isTransient, false);
  assert.equal(processError(new Error('something else'), base), null);
});
