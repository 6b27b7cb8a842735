/** The first 16 hex digits of SHA-256: short enough for names and lines, and no two meet by accident. */
import { hash } from 'node:crypto';

export function digits16(data: string | Buffer): string {
  return hash('sha256', data, 'hex').slice(0, 16);
}
