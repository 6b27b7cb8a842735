import { withContext } from '../../../core/failures.js';
import { sourceName } from '../../../core/identity.js';
import type { TargetUrl } from '../../../core/target-url.js';
import type { UnfinishedHead } from '../../../transfer/ports/state.js';
import { type Session, sessionAt } from '../../../transfer/session.js';
import type { CommandContext } from '../../command.js';
import { checkIdentity, type OpenedSession, openRecordedSession } from '../../compose.js';
import type { Options } from './command.js';

/** Opens the session of each upload, and keeps it for the next upload to the same vault or bucket. */
export class RecordedSessions {
  readonly #context: CommandContext<Options>;
  #place = '';
  #opened: OpenedSession | null = null;

  constructor(context: CommandContext<Options>) {
    this.#context = context;
  }

  /** @throws the failures of openRecordedSession, which name the upload: it stays as it is */
  async open(upload: UnfinishedHead): Promise<Session> {
    const { identity, uploadId } = upload.head;
    try {
      const url = checkIdentity(upload);
      const place = placeOf(url, upload);
      if (this.#opened === null || place !== this.#place) {
        await this.close();
        const { io, options, reporter } = this.#context;
        this.#opened = await openRecordedSession(io, options, upload, reporter);
        this.#place = place;
      }
      return sessionAt(this.#opened.session, url.key || null);
    } catch (error) {
      const file = sourceName(identity.source);
      throw withContext(error, { file, target: identity.target.url, uploadId, resumable: true });
    }
  }

  async close(): Promise<void> {
    await this.#opened?.close();
    this.#opened = null;
  }
}

/** Returns a text that is the same for uploads that one session can reach. */
function placeOf({ scheme, container }: TargetUrl, { head }: UnfinishedHead): string {
  const { region, endpoint } = head.identity.target;
  const { accountId, profile, pathStyle } = head.connection;
  return JSON.stringify([scheme, container, region, endpoint, accountId, profile, pathStyle]);
}
