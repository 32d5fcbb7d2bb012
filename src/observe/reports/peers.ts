import type { FirstComparison } from '../../sync/newcomers/newcomers.js';
import { counted } from '../../text/counted.js';
import { display, type PathBytes } from '../../text/path-bytes.js';
import type { Outlets } from './outlets.js';

export type PeerReports = ReturnType<typeof peerReports>;

/** Reports comparisons with peers, and peers that an administrator pauses. */
export function peerReports({ feed, log, onChange, troubles }: Outlets) {
  return {
    onCompared(peer: string, comparison: FirstComparison): void {
      const key = `compare ${peer}`;
      if (comparison.ok) {
        troubles.end(key, `${peer} can be compared`, { event: 'peerBack', peer });
        const files = comparison.pending;
        log.info(`${peer} is new: initial comparison done, ${counted(files, 'file')} to send`, {
          peer,
          files,
        });
        return;
      }
      troubles.say({
        key,
        level: 'warn',
        text: `${peer} is new; initial comparison failed: ${comparison.reason}`,
        fields: { event: 'peerDown', peer, reason: comparison.reason },
      });
    },

    onDecided(peer: string, paths: readonly PathBytes[]): void {
      const text = `this host and ${peer} changed the same files at the same time; ${peer} gets this host's version of`;
      log.info(`${text} ${firstOf(paths)}`, { peer, files: paths.length });
    },

    onDiverged(peer: string, paths: readonly PathBytes[]): void {
      const key = `diverged ${peer}`;
      if (paths.length === 0) {
        troubles.end(key, `${peer} matches this host again`, { peer });
        return;
      }
      troubles.say({
        key,
        level: 'warn',
        text: `${peer} differs from this host although nothing is pending: ${firstOf(paths)}; run: inotify-csync verify ${peer}`,
        fields: { peer, files: paths.length },
      });
    },

    /** An administrator has paused a peer. */
    onPaused(peer: string): void {
      onChange();
      feed.paused(peer);
      log.info(`${peer} is paused: changes wait until inotify-csync resume ${peer}`, {
        event: 'peerPaused',
        peer,
      });
    },

    onResumed(peer: string): void {
      onChange();
      feed.resumed(peer);
      log.info(`${peer} is resumed: pending files are being sent`, {
        event: 'peerResumed',
        peer,
      });
    },
  };
}

function firstOf([first = Buffer.alloc(0), ...others]: readonly PathBytes[]): string {
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  return `${display(first)}${more}`;
}
