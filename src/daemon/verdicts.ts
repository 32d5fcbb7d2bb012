import type { SessionVerdict } from '../csync2/server-log/session-traces.js';
import type { RefusedSessions } from '../csync2/sessions/refused-sessions.js';
import type { Reporter } from '../observe/reporter.js';
import type { Succession } from './succession.js';
import { peerTest } from './view.js';

/** Takes what a session came to, and has it said if it is that of a peer. */
export function noteVerdict(
  verdict: SessionVerdict,
  refused: RefusedSessions,
  succession: Succession,
  reporter: Reporter,
): void {
  const change = refused.note(verdict, peerTest(succession));
  if (change === 'accepted') reporter.onSessionAccepted(verdict.peer);
  else if (change) reporter.onSessionRefused(change);
}
