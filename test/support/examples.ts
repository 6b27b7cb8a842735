/** The files in `examples`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const EXAMPLES = join(import.meta.dirname, '../../../examples');

export function examplePath(name: string): string {
  return join(EXAMPLES, name);
}

export function exampleText(name: string): string {
  return readFileSync(examplePath(name), 'utf8');
}
