/** Creates self-signed certificates with openssl. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly path: string;
  readonly key: Buffer;
  readonly cert: Buffer;
}

/**
 * @param name the subject, as in `IP:127.0.0.1`
 * @param extension one more extension, as in `extendedKeyUsage=clientAuth`
 * @returns null if openssl is not installed
 */
export function selfSigned(folder: string, name: string, extension?: string): Certificate | null {
  const [keyPath, path] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
  const subject = ['-subj', '/CN=calve test', '-addext', `subjectAltName=${name}`];
  if (extension !== undefined) subject.push('-addext', extension);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyPath];
  try {
    execFileSync('openssl', ['req', '-x509', ...key, '-out', path, '-days', '2', ...subject], {
      stdio: 'pipe',
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return { path, key: readFileSync(keyPath), cert: readFileSync(path) };
}
