import type { Diagnosis } from '../../csync2/refusals/diagnosis.js';
import { outcomeText } from '../../csync2/run/result.js';
import type { Timeline } from '../../sync/common/timeline.js';
import type { PushReport } from '../../sync/push/lane.js';
import { counted } from '../../text/counted.js';
import { displayShort, toKey } from '../../text/path-bytes.js';
import { timelineText } from '../timeline-text.js';
import type { Outlets } from './outlets.js';
import { milliseconds, sample } from './texts.js';

export type PushReports = ReturnType<typeof pushReports>;

/** Reports what was sent to peers, what they rejected, and peers that get nothing. */
export function pushReports(outlets: Outlets) {
  const { counts, feed, log, onChange, troubles } = outlets;
  return {
    /** A push has ended. */
    onPush(report: PushReport): void {
      onChange();
      const { peer, sent, left, seconds, outcome, diagnosis } = report;
      counts.onSent(peer, sent);
      const names = report.names.length > 0 ? `: ${sample(report.names)}` : '';
      if (sent > 0) {
        log.debug(`${peer}: ${counted(sent, 'file')} sent in ${milliseconds(seconds)}${names}`, {
          peer,
          files: sent,
          milliseconds: seconds * 1000,
        });
      }
      // A conflict shows that the peer knows us and would accept other files.
      if (sent > 0 || diagnosis?.outcome === 'conflict') {
        troubles.end(`peer ${peer}`, `${peer} is back`, { event: 'peerBack', peer });
        feed.back(peer);
      }
      feed.pushed(report);
      for (const path of report.taken ?? []) {
        const taken = `${peer} accepted ${displayShort(path)}`;
        troubles.endOfPath(refusedBy(peer), toKey(path), taken, {
          event: 'fileAccepted',
          peer,
          path,
        });
      }
      if (left === 0) return;
      if (diagnosis && !refusesAll.has(diagnosis.outcome))
        reportRefusal(report, diagnosis, outlets);
      else if (!report.isAboutPeer && !diagnosis)
        log.debug(`${peer}: rejected ${counted(left, 'file')}${names}`);
      else {
        const words = report.text;
        feed.failing(peer, outcome);
        troubles.say({
          key: `peer ${peer}`,
          level: 'warn',
          text: `${peer}: ${counted(left, 'file')} not sent: ${outcomeText[outcome]}${words && `: ${words}`}`,
          fields: { event: 'peerDown', peer, files: left, reason: outcome },
        });
      }
    },

    /** A peer has accepted a single change that was followed. */
    onAccepted(peer: string, timeline: Timeline): void {
      const { path } = timeline;
      const { text, milliseconds } = timelineText(peer, timeline);
      log.debug(text, { peer, path, milliseconds });
    },
  };
}

function reportRefusal(
  { peer, names: [path = Buffer.of()], rejected }: PushReport,
  diagnosis: Diagnosis,
  { feed, troubles }: Outlets,
): void {
  if (rejected) feed.rejected(rejected, peer, diagnosis);
  const { outcome } = diagnosis;
  const event = outcome === 'conflict' ? 'fileConflict' : 'fileRejected';
  const text = `${peer}: ${displayShort(path)} ${refusalText(peer, diagnosis)}`;
  troubles.sayOfPath(
    refusedBy(peer),
    { key: toKey(path), level: 'warn', text, fields: { event, peer, path, reason: outcome } },
    {
      text: `${peer}: more files were rejected: \`inotify-csync status\` lists all`,
      fields: { event, peer },
    },
  );
}

function refusalText(peer: string, { outcome, detail, isTie }: Diagnosis): string {
  if (isTie)
    return 'was changed on both hosts at the same time: the host whose name sorts first wins';
  if (outcome === 'conflict') {
    return `was changed both here and on ${peer}: \`inotify-csync conflicts\` shows both, \`inotify-csync resolve FILE --keep HOST\` decides`;
  }
  return `was rejected: ${outcomeText[outcome]}${detail && `: ${detail}`}; on hold, retried now and then`;
}

function refusedBy(peer: string): string {
  return `refused by ${peer}`;
}

/** Reasons that apply to everything that is sent to a peer. */
const refusesAll: ReadonlySet<Diagnosis['outcome']> = new Set(['denied', 'unidentified']);
