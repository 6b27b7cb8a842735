/** A calve that is in the middle of an upload. */
import { MIB_BYTES } from '../../src/core/units.js';
import { isPart } from './requests.js';
import type { VaultHome } from './vault-home.js';

export interface LiveUpload {
  readonly uploadId: string;
  readonly file: string;
  readonly pid: number;
  /** Kills that calve, and waits for its end. */
  end(): Promise<void>;
}

/** Starts a calve that holds the lock of an upload, because its first part gets no response. */
export async function liveUpload(home: VaultHome): Promise<LiveUpload> {
  const file = home.file('live', 2 * MIB_BYTES);
  const known = new Set(await home.openIds());
  const held = new Promise<void>((resolve) => {
    home.hook({
      before: (passing) => {
        if (!isPart(passing)) return 'pass';
        resolve();
        return 'hold';
      },
    });
  });
  const { child, ended } = home.start(['upload', file, home.target, '--part-size=1M']);
  await held;
  const uploadId = (await home.openIds()).find((id) => !known.has(id)) ?? '';
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  return { uploadId, file, pid: child.pid ?? 0, end };
}
