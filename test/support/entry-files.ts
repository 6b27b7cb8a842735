/** Finds the files of a catalogue, so that tests can look at them and damage them. */
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';

/** Returns the paths of the entries below the catalogue's folder, sorted by name. */
export function entryFiles(folder: string): string[] {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const named = paths.filter((path) => /^[0-9a-f]{16}-[0-9a-f]{16}\.json$/.test(basename(path)));
  return named.sort((a, b) => (basename(a) < basename(b) ? -1 : 1)).map((path) => `${folder}/${path}`);
}
