import type { RefusedPeer } from '../../csync2/sessions/refused-sessions.js';
import { counted } from '../../text/counted.js';
import type { PathBytes } from '../../text/path-bytes.js';
import { refusalReasonText } from '../status-texts.js';
import type { Outlets } from './outlets.js';

export type ServerReports = ReturnType<typeof serverReports>;

/** Reports csync2's server on this host, and the sessions of peers with it. */
export function serverReports({ feed, log, troubles }: Outlets) {
  return {
    onListening(pid: number): void {
      const text = `the csync2 server is listening (pid ${pid})`;
      if (troubles.goesOn('server'))
        troubles.end('server', `${text} again`, { event: 'serverBack' });
      else log.info(text);
    },

    onEnded(why: string, restartSeconds: number): void {
      troubles.say({
        key: 'server',
        level: 'error',
        text: `the csync2 server exited (${why}); restarting in ${restartSeconds} s`,
        fields: { event: 'serverDown', reason: why },
      });
    },

    onReceived(path: PathBytes, peer: string, at: number): void {
      feed.received(path, peer, at);
    },

    /** Idle connections to the csync2 server have been ended. */
    onSilentEnded(count: number): void {
      troubles.say({
        key: 'silent connections',
        level: 'warn',
        text: `closed ${counted(count, 'connection')} to the csync2 server that never identified themselves, or were idle for an hour: check who connects to its port`,
        fields: { event: 'silentConnections' },
      });
    },

    /** csync2's server here refuses the sessions of a peer. */
    onSessionRefused({ cause, from, peer }: RefusedPeer): void {
      troubles.say({
        key: `sessions of ${peer}`,
        level: 'warn',
        text: `refused a session from ${peer}: ${refusalReasonText(cause, from)}`,
        fields: { event: 'sessionsRefused', peer, reason: cause },
      });
    },

    /** A session of a peer has been accepted. */
    onSessionAccepted(peer: string): void {
      troubles.end(`sessions of ${peer}`, `accepted a session from ${peer} again`, {
        event: 'sessionsRefusedOver',
        peer,
      });
    },
  };
}
