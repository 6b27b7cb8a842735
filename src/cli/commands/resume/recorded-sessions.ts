import { withContext } from '../../../core/failures.js';
import { sourceName } from '../../../core/identity.js';
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
    const place = placeOf(upload);
    if (this.#opened === null || place !== this.#place) {
      await this.close();
      const { io, options, reporter } = this.#context;
      try {
        this.#opened = await openRecordedSession(io, options, upload, reporter);
      } catch (error) {
        const file = sourceName(identity.source);
        throw withContext(error, { file, target: identity.target.url, uploadId, resumable: true });
      }
      this.#place = place;
    }
    return sessionAt(this.#opened.session, checkIdentity(upload).key || null);
  }

  async close(): Promise<void> {
    await this.#opened?.close();
    this.#opened = null;
  }
}

/** Returns a text that is the same for uploads that one session can reach. */
function placeOf({ head: { identity, connection } }: UnfinishedHead): string {
  const { url, region, endpoint } = identity.target;
  const { accountId, profile, pathStyle } = connection;
  const [scheme, rest = ''] = url.split('://');
  return JSON.stringify([scheme, rest.split('/')[0], region, endpoint, accountId, profile, pathStyle]);
}
