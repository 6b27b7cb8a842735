import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { isExhausted, systemCode, systemMessage } from '../../src/core/system-errors.js';

function nameless(name: 'ESTALE' | 'EDQUOT' | 'EIDRM', rest: string): Error {
  const errno = -constants.errno[name];
  const code = `Unknown system error ${errno}`;
  return Object.assign(new Error(`${code}: ${code}, ${rest}`), { code, errno });
}

test('an error that Node has no name for gets the name of the system, and what it means', () => {
  assert.equal(systemMessage(nameless('ESTALE', 'read')), 'ESTALE: stale file handle, read');
  assert.equal(systemMessage(nameless('EDQUOT', "open 'f'")), "EDQUOT: disk quota exceeded, open 'f'");
  assert.equal(systemMessage(nameless('EIDRM', 'read')), 'EIDRM, read');
  assert.equal(systemCode(nameless('ESTALE', 'read')), 'ESTALE');
});

test('other errors keep their code and message', () => {
  const missing = Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT', errno: -2 });
  assert.deepEqual([systemCode(missing), systemMessage(missing)], ['ENOENT', 'ENOENT: no such file']);
  assert.deepEqual([systemCode(new Error('x')), systemMessage('text')], [null, 'text']);
});

test('used up files, processes, threads and memory are recognised, in every form that Node gives them', () => {
  const coded = (code: string, message = code): Error => Object.assign(new Error(message), { code });
  for (const error of [
    coded('EMFILE'),
    coded('ENFILE'),
    coded('ENOMEM'),
    coded('EAGAIN', 'spawn tar EAGAIN'),
    coded('ERR_WORKER_INIT_FAILED', 'Worker initialization failure: EMFILE'),
    coded('ERR_WORKER_OUT_OF_MEMORY'),
    new Error('EAGAIN'),
  ]) {
    assert.ok(isExhausted(error), error.message);
  }
  for (const error of [coded('ENOENT'), coded('EIO', 'EIO after EMFILE'), new Error('EMFILE'), 'EMFILE']) {
    assert.ok(!isExhausted(error), String(error));
  }
});
