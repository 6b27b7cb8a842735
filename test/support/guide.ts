/** The shell blocks of a guide, run as a reader runs them who copies them one after the other. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { awsEnv } from './aws-tools.js';
import type { Home } from './home.js';
import { withCalveOnPath } from './shell.js';

const ROOT = join(import.meta.dirname, '../../..');
const TIMEOUT_MS = 300_000;

/** Returns the blocks of a document below each of its second headings, joined. Headings without a block are left out. */
export function shellParts(document: string): Map<string, string> {
  const parts = new Map<string, string>();
  for (const part of readFileSync(join(ROOT, document), 'utf8').split(/^## /m).slice(1)) {
    const [heading = ''] = part.split('\n');
    const blocks = [...part.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
    if (blocks.length > 0) parts.set(heading, blocks.join(''));
  }
  return parts;
}

export interface GuideRun {
  /** Words of the document and what the reader puts in their place. Each must be there. */
  readonly replace?: Readonly<Record<string, string>>;
  /** The endpoint of the AWS CLI for each of its services; the CLI of a distribution knows no variables for them. */
  readonly endpoints: Readonly<Partial<Record<'glacier' | 's3' | 's3api', string>>>;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a part of a guide with bash in the folder of a home, and fails at the first command that fails. `sleep` returns at
 * once. If there is a file `fail-once`, the next call of the AWS CLI with a range removes it and fails.
 * @returns its standard output
 */
export async function runGuide(home: Home, script: string, run: GuideRun): Promise<string> {
  let text = script;
  for (const [word, value] of Object.entries(run.replace ?? {})) {
    if (!text.includes(word)) throw new Error(`the guide does not have ${word}`);
    text = text.replaceAll(word, value);
  }
  const bin = join(home.folder, 'shims');
  mkdirSync(bin, { recursive: true });
  const executable = (name: string, lines: readonly string[]): void =>
    writeFileSync(join(bin, name), `${['#!/bin/bash', ...lines].join('\n')}\n`, { mode: 0o755 });
  executable('sleep', ['exit 0']);
  executable('aws', awsLines(bin, run.endpoints));
  const env = withCalveOnPath(home.folder, {
    ...awsEnv(home.folder),
    ...home.env,
    AWS_PAGER: '',
    ...run.env,
  });
  const path = [bin, env['PATH']].join(':');
  const config = { AWS_CONFIG_FILE: join(home.folder, 'aws-config') };
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-euo', 'pipefail', '-c', text], {
    cwd: home.folder,
    env: { ...env, ...config, PATH: path },
    timeout: TIMEOUT_MS,
  });
  return stdout;
}

function awsLines(bin: string, endpoints: GuideRun['endpoints']): string[] {
  return [
    'if [[ " $* " == *" --range "* && -e fail-once ]]; then rm fail-once; exit 255; fi',
    `PATH=\${PATH#${bin}:}`,
    ...Object.entries(endpoints).map(
      ([service, url]) => `[ "$1" = ${service} ] && set -- --endpoint-url=${url} "$@"`,
    ),
    'exec aws "$@"',
  ];
}
