/** The examples of a document: its fenced blocks, and a folder in which a reader would run them. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CALVE_BIN } from './calve.js';

const ROOT = join(import.meta.dirname, '../../..');

export type Language = 'js' | 'cjs' | 'ts' | 'python' | 'sh';

/** Returns the blocks of a language, in their order. */
export function examplesOf(document: string, language: Language): string[] {
  const text = readFileSync(join(ROOT, document), 'utf8');
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .filter(([, name]) => name === language)
    .map(([, , code = '']) => code);
}

/** Installs calve, and the packages of the project that are named, in a folder as npm does. */
export function installCalve(folder: string, packages: readonly string[] = []): void {
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '.bin'), { recursive: true });
  symlinkSync(ROOT, join(modules, 'calve'));
  symlinkSync(CALVE_BIN, join(modules, '.bin/calve'));
  for (const name of packages) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
}
