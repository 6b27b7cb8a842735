// Writes the manual pages, which come from the same declarations as --help.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { env } from 'node:process';

const FOLDER = 'dist/man';

/** Writes the pages of the compiled program. They have the date of the build, or that of SOURCE_DATE_EPOCH. */
export async function writeManual() {
  const { manualPages } = await import('../dist/src/cli/manual.js');
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  // biome-ignore lint/style/noProcessEnv: the variable makes builds of one version equal.
  const epoch = env.SOURCE_DATE_EPOCH;
  const date = epoch ? new Date(Number(epoch) * 1000) : new Date();
  mkdirSync(FOLDER, { recursive: true });
  for (const { file, text } of manualPages(version, date)) writeFileSync(`${FOLDER}/${file}`, text);
}
