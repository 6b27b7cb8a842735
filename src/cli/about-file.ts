/** What is told of one file, where a run has several. */
import type { Session } from '../transfer/session.js';

/** The session, with notices that name the file. */
export function aboutFile(session: Session, file: string): Session {
  return {
    ...session,
    report: (event) => session.report(event.type === 'notice' ? { file, ...event } : event),
  };
}
