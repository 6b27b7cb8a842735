/** Reads the profiles of the AWS tools: the files `config` and `credentials`. */
import { CredentialsError } from './credentials-error.js';

type Section = Readonly<Record<string, string | undefined>>;
type Env = Readonly<Record<string, string | undefined>>;

export interface Profile {
  readonly name: string;
  /** Empty if there is no profile `default`. */
  readonly section: Section;
  /** The section `services` that the profile refers to. */
  readonly services: Section;
  /** The sections of all profiles, for a profile that refers to another one. */
  readonly all: Readonly<Record<string, Section>>;
}

/** Returns the two files, for messages. */
export function profileFiles(env: Env): string {
  return `${env['AWS_CONFIG_FILE'] || '~/.aws/config'} or ${env['AWS_SHARED_CREDENTIALS_FILE'] || '~/.aws/credentials'}`;
}

/**
 * Reads the profile from the disk, without the SDK's cache: another program may have replaced the files.
 * @throws CredentialsError if a profile is named that does not exist
 */
export async function readProfile(named: string | null, env: Env): Promise<Profile> {
  const { loadSharedConfigFiles } = await import('@smithy/core/config');
  const { configFile, credentialsFile } = await loadSharedConfigFiles({ ignoreCache: true });
  const name = named ?? (env['AWS_PROFILE'] || 'default');
  const inConfig = configFile[name];
  const inCredentials = credentialsFile[name];
  // A profile `default` need not exist, even if it is named.
  if (name !== 'default' && inConfig === undefined && inCredentials === undefined) {
    throw new CredentialsError(`there is no profile ${JSON.stringify(name)} in ${profileFiles(env)}`);
  }
  const section = { ...inCredentials, ...inConfig };
  const services = configFile[`services.${section['services']}`] ?? {};
  const all = { ...configFile, ...credentialsFile, [name]: section };
  return { name, section, services, all };
}
