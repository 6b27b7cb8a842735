import type { Session } from '../transfer/session.js';

/** Returns the session with notices that name the file, because a run may have several. */
export function aboutFile(session: Session, file: string): Session {
  return {
    ...session,
    report: (event) => session.report(event.type === 'notice' ? { file, ...event } : event),
  };
}
