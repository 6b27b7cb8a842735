/** The published schema of GitLab CI, from a package that `.ci/run` installs beside the project. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const CLIENTS = join(import.meta.dirname, '../../../.ci/clients');
/** A program that runs such files on a developer's machine. It brings the schema of GitLab and a validator. */
const PACKAGE = join(CLIENTS, 'node_modules/gitlab-ci-local');

/** Why the file cannot be validated here, or false. */
export const NO_GITLAB_SCHEMA = existsSync(PACKAGE)
  ? false
  : 'the schema of GitLab CI is not here: npm install --prefix .ci/clients --no-save gitlab-ci-local@4.64.1';

/** @returns the faults that the schema finds */
export async function faultsOfGitlab(file: unknown): Promise<string[]> {
  const { default: schema } = (await import(pathToFileURL(join(PACKAGE, 'src/schema/index.js')).href)) as {
    default: object;
  };
  const fromThere = createRequire(join(PACKAGE, 'package.json'));
  const { Ajv } = fromThere('ajv') as {
    Ajv: new (options: object) => { validate(schema: object, data: unknown): boolean; errorsText(): string };
  };
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  return ajv.validate(schema, file) ? [] : ajv.errorsText().split(', ');
}
