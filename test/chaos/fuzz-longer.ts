/** The fuzzers of test/fuzz, for longer: each file in a process of its own, as in `npm test`. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { Figures } from './figures.js';

const FUZZ = join(import.meta.dirname, '../fuzz');
/** Two files at a time, of which the longest has this many properties: what each may take of the whole. */
const PROPERTIES_IN_A_ROW = 8;

export async function fuzzLonger(
  figures: Figures,
  { seed, limitMs }: { readonly seed: number; readonly limitMs: number },
): Promise<void> {
  const files = readdirSync(FUZZ)
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => join(FUZZ, name));
  const eachMs = Math.ceil(limitMs / PROPERTIES_IN_A_ROW);
  const child = spawn(process.execPath, ['--test', '--test-reporter=tap', '--test-concurrency=2', ...files], {
    env: { ...process.env, CALVE_TEST_SEED: String(seed), CALVE_FUZZ_MS: String(eachMs) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  for (const [, inputs] of text.matchAll(/^\s*# (\d+) inputs$/gm)) figures.fuzzed += Number(inputs);
  if (code === 0) return;
  const again = `npm run build && CALVE_TEST_SEED=${seed} CALVE_FUZZ_MS=${eachMs} node dist/test/run.js fuzz/`;
  figures.violate({ title: 'a fuzzer', detail: text, again });
}
