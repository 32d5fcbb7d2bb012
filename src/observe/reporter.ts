import { type Fallback, fallbackText, isLasting } from '../csync2/check/fallback.js';
import type { Diagnosis } from '../csync2/refusals/diagnosis.js';
import { outcomeText } from '../csync2/run/result.js';
import type { RefusedPeer } from '../csync2/sessions/refused-sessions.js';
import { InotifyCsyncError } from '../errors.js';
import type { QueueEntry } from '../queue/entry.js';
import type { QueueTrouble } from '../queue/errors.js';
import type { Timeline } from '../sync/common/timeline.js';
import type { UnsupportedSummary } from '../sync/full-check/unsupported-paths.js';
import { rootText } from '../sync/guard/root-guard.js';
import type { FirstComparison } from '../sync/newcomers/newcomers.js';
import type { PushReport } from '../sync/push/lane.js';
import type { SchedulerEvents } from '../sync/scheduler.js';
import { counted } from '../text/counted.js';
import {
  display,
  displayShort,
  fromKey,
  type PathBytes,
  type PathKey,
  toKey,
} from '../text/path-bytes.js';
import { Counts } from './counts.js';
import { EventFeed } from './event-feed.js';
import { EventRing } from './event-ring.js';
import type { Log, LogFields } from './log.js';
import { eventOfError } from './message-ids.js';
import { RecentTroubles, type TroubleKind } from './recent-troubles.js';
import { refusalReasonText, unsupportedText } from './status-texts.js';
import { timelineText } from './timeline-text.js';
import { TroubleLog } from './trouble-log.js';

/**
 * Turns reports into log lines. A single file is logged above debug only if it has a problem, and a
 * continuing problem is logged more and more rarely.
 */
export class Reporter implements SchedulerEvents {
  readonly #log: Log;
  readonly #counts: Counts;
  readonly #feed: EventFeed;
  readonly #recent: RecentTroubles;
  readonly #onChange: () => void;
  readonly #troubles: TroubleLog;
  #batch = 0;
  /** Whether the running full check is another attempt, which is not logged. */
  #isRepeated = false;
  #hasLostSince = false;

  /**
   * @param onChange - called when the state may look different to somebody who watches it
   * @param counts - counts what is reported
   * @param feed - keeps the last of it
   * @param recent - keeps when queue and watcher were in trouble
   */
  constructor(
    log: Log,
    onChange: () => void = () => {},
    counts = new Counts(),
    feed = new EventFeed(new EventRing()),
    recent = new RecentTroubles(),
  ) {
    this.#recent = recent;
    this.#counts = counts;
    this.#feed = feed;
    this.#log = log;
    this.#onChange = onChange;
    this.#troubles = new TroubleLog(log);
  }

  onState = (): void => this.#onChange();

  /** The watcher has reported changes. */
  onNoticed = (entries: readonly QueueEntry[]): void => this.#feed.noticed(entries, Date.now());

  onReceived = (path: PathBytes, peer: string, at: number): void =>
    this.#feed.received(path, peer, at);

  onChecked: NonNullable<SchedulerEvents['onChecked']> = (batch, report, seconds) => {
    const paths = [...batch.trees, ...batch.files];
    const fields = { batch: ++this.#batch, files: report.checked, milliseconds: seconds * 1000 };
    this.#log.debug(
      `checked ${counted(report.checked, 'path')} in ${milliseconds(seconds)} (${report.skipped} needed no check): ${sample(paths)}`,
      fields,
    );
    if (report.halfReceived.length > 0) {
      this.#log.debug(
        `may be only partly received, left to their senders for now: ${sample(report.halfReceived)}`,
      );
    }
    for (const socket of report.sockets) this.#reportSocket(socket);
  };

  onFailedPath: NonNullable<SchedulerEvents['onFailedPath']> = (
    { path, outcome, text },
    attempts,
  ) => {
    if (outcome === 'unreadable') {
      this.#troubles.say({
        key: 'unreadable',
        level: 'warn',
        text: `${display(path)} cannot be accessed (${text}): skipped, will be retried (attempt ${attempts})`,
        fields: { event: 'pathUnreadable', reason: text, path },
      });
      return;
    }
    const fields: LogFields = { event: 'checkFailed', reason: outcome, path };
    this.#troubles.say({
      key: 'check',
      level: 'warn',
      text: `csync2 cannot check ${displayShort(path)}: ${outcomeText[outcome]} (attempt ${attempts}): ${text}`,
      fields,
    });
  };

  onNoFailedPath = (): void => {
    const fields: LogFields = { event: 'checkFailedOver' };
    this.#troubles.end('check', 'csync2 can check all paths again', fields);
    this.#troubles.end('unreadable', 'all paths can be accessed again', fields);
  };

  /** csync2 can't handle some paths. Logged once, because such paths may stay for ever. */
  onUnsupported = (summary: UnsupportedSummary): void => {
    const { count, paths } = summary;
    if (count === 0) {
      this.#troubles.end('unsupported', 'all paths are short enough for csync2 again', {
        event: 'pathsUnsupportedOver',
      });
      return;
    }
    this.#troubles.say({
      key: 'unsupported',
      level: 'warn',
      text: unsupportedText({ ...summary, paths: paths.map(displayShort) }),
      fields: { event: 'pathsUnsupported', files: count },
    });
  };

  onCheckedHere = (count: number): void => {
    this.#counts.checkedHere += count;
  };

  /** Said once for each reason that lasts; counted always. */
  onLeftToCsync2 = (reason: Fallback, count: number): void => {
    const isNew = !this.#counts.left.has(reason);
    this.#counts.onLeft(reason, count);
    if (!isNew) return;
    const text = `csync2 checks files although checker is "auto": ${fallbackText[reason]}`;
    this.#log[isLasting(reason) ? 'info' : 'debug'](text, { reason });
  };

  onRoot: NonNullable<SchedulerEvents['onRoot']> = (root) => {
    const { path, state, isMount = false, isAccepted = false } = root;
    // The place is as good as back.
    if (state === 'returning') return;
    const [key, shown] = [`root ${toKey(path)}`, display(path)];
    if (state === 'present') {
      const what = isAccepted
        ? 'was accepted as it is: files missing here are deleted on the peers'
        : 'is back and will be checked';
      this.#troubles.end(key, `${shown} ${what}`, {
        event: isMount ? 'mountBack' : 'rootBack',
        root: path,
      });
      return;
    }
    const way = acceptable.has(state)
      ? `; if this is intentional, run \`inotify-csync accept-root ${shown}\``
      : '';
    this.#troubles.say({
      key,
      level: 'error',
      text: `${shown} is ${rootText(root)}: replication is paused at and below it until it is back${way}`,
      fields: {
        event: isMount || state === 'unmounted' ? 'mountMissing' : 'rootMissing',
        root: path,
        reason: state,
      },
    });
  };

  onHeld: NonNullable<SchedulerEvents['onHeld']> = (paths) => {
    this.#log.debug(`not checked, because the root is missing: ${sample(paths)}`);
  };

  /** The watcher may have missed changes. A full check is due. */
  onLoss = (reason: string): void => {
    this.#hasLostSince = true;
    this.#recent.begins('changes-unseen', 'watching', Date.now());
    this.#feed.lost(reason);
    const isLimit = reason.startsWith('the watch limit');
    this.#troubles.say({
      key: 'loss',
      level: 'warn',
      text: `some changes may have gone unnoticed, a full check follows: ${reason}`,
      fields: { event: isLimit ? 'watchLimit' : 'watchLoss', reason },
    });
  };

  onFullCheckBegun: NonNullable<SchedulerEvents['onFullCheckBegun']> = (reason) => {
    this.#hasLostSince = false;
    this.#feed.fullCheckBegun(reason);
    this.#isRepeated = this.#troubles.goesOn('full check');
    if (this.#isRepeated) this.#log.debug(`full check is tried again: ${reason}`);
    else this.#log.info(`full check begins: ${reason}`, { event: 'fullCheckBegun', reason });
  };

  onFullCheckEnded: NonNullable<SchedulerEvents['onFullCheckEnded']> = (report, reason) => {
    this.#feed.fullCheckEnded(report);
    if (report.complete) this.#counts.fullChecksDone++;
    else this.#counts.fullChecksIncomplete++;
    const fields = { files: report.found, milliseconds: report.seconds * 1000, reason };
    const text = `full check finished in ${report.seconds.toFixed(1)} s: ${counted(report.found, 'change')} found`;
    for (const failed of report.failed) this.onFailedPath(failed, 1);
    if (!report.complete) {
      const incomplete = `${text}; incomplete, will be repeated`;
      if (this.#isRepeated) this.#log.debug(incomplete);
      this.#troubles.say({
        key: 'full check',
        level: 'warn',
        text: incomplete,
        fields: { ...fields, event: 'fullCheckIncomplete', reason: '' },
      });
      return;
    }
    if (this.#isRepeated) {
      const succeeded = `full check succeeded: ${counted(report.found, 'change')} found`;
      this.#troubles.end('full check', succeeded, { ...fields, event: 'fullCheckDone' });
    } else this.#log.info(text, { ...fields, event: 'fullCheckDone' });
    if (!this.#hasLostSince) {
      this.#recent.ends('watching', Date.now());
      this.#troubles.end('loss', 'full check complete; no changes were lost', {
        event: 'watchLossOver',
      });
    }
  };

  onDetectedLate = (paths: readonly PathKey[]): void => {
    this.#counts.detectedLate += paths.length;
    const names = sample(paths.map(fromKey));
    this.#log.warn(
      `${counted(paths.length, 'change was', 'changes were')} found only by the full check: ${names}`,
      {
        event: 'detectedLate',
        files: paths.length,
      },
    );
  };

  /** A push has ended. */
  onPush = (report: PushReport): void => {
    this.#onChange();
    const { peer, sent, left, seconds, outcome, diagnosis } = report;
    this.#counts.onSent(peer, sent);
    const names = report.names.length > 0 ? `: ${sample(report.names)}` : '';
    if (sent > 0) {
      this.#log.debug(
        `${peer}: ${counted(sent, 'file')} sent in ${milliseconds(seconds)}${names}`,
        {
          peer,
          files: sent,
          milliseconds: seconds * 1000,
        },
      );
    }
    // A conflict shows that the peer knows us and would accept other files.
    if (sent > 0 || diagnosis?.outcome === 'conflict') {
      this.#troubles.end(`peer ${peer}`, `${peer} is back`, { event: 'peerBack', peer });
      this.#feed.back(peer);
    }
    this.#feed.pushed(report);
    for (const path of report.taken ?? []) {
      const taken = `${peer} accepted ${displayShort(path)}`;
      this.#troubles.endOfPath(refusedBy(peer), toKey(path), taken, {
        event: 'fileAccepted',
        peer,
        path,
      });
    }
    if (left === 0) return;
    if (diagnosis && !refusesAll.has(diagnosis.outcome)) this.#reportRefusal(report, diagnosis);
    else if (!report.isAboutPeer && !diagnosis)
      this.#log.debug(`${peer}: rejected ${counted(left, 'file')}${names}`);
    else {
      const words = report.text;
      this.#feed.failing(peer, outcome);
      this.#troubles.say({
        key: `peer ${peer}`,
        level: 'warn',
        text: `${peer}: ${counted(left, 'file')} not sent: ${outcomeText[outcome]}${words && `: ${words}`}`,
        fields: { event: 'peerDown', peer, files: left, reason: outcome },
      });
    }
  };

  /** A peer has accepted a single change that was followed. */
  onAccepted = (peer: string, timeline: Timeline): void => {
    const { path } = timeline;
    const { text, milliseconds } = timelineText(peer, timeline);
    this.#log.debug(text, { peer, path, milliseconds });
  };

  /** A check had taken files for deleted that are only out of sight, or are there again. */
  onRestored = (paths: readonly PathBytes[]): void => {
    this.#log.info(
      `csync2 wrongly noted ${counted(paths.length, 'file')} as deleted; their entries were restored: ${sample(paths)}`,
      { files: paths.length },
    );
  };

  /** Peers have sent files to a place while it was missing, and the place lacks them. */
  onUnseen = (place: PathBytes, files: readonly PathBytes[]): void => {
    this.#log.warn(
      `${counted(files.length, 'file')} that peers sent to ${display(place)} while it was missing ${files.length === 1 ? 'is' : 'are'} not in it; ` +
        `such files arrive when they change again, or after \`csync2 -m FILE\` on the peer: ${sample(files)}`,
      { event: 'mountBack', root: place, files: files.length },
    );
  };

  onDecided = (peer: string, paths: readonly PathBytes[]): void => {
    const [first] = paths;
    const more = paths.length > 1 ? ` and ${paths.length - 1} more` : '';
    const text = `this host and ${peer} changed the same files at the same time; ${peer} gets this host's version of`;
    this.#log.info(`${text} ${display(first ?? Buffer.alloc(0))}${more}`, {
      peer,
      files: paths.length,
    });
  };

  onDiverged = (peer: string, paths: readonly PathBytes[]): void => {
    const key = `diverged ${peer}`;
    const [first] = paths;
    if (!first) {
      this.#troubles.end(key, `${peer} matches this host again`, { peer });
      return;
    }
    const more = paths.length > 1 ? ` and ${paths.length - 1} more` : '';
    this.#troubles.say({
      key,
      level: 'warn',
      text: `${peer} differs from this host although nothing is pending: ${display(first)}${more}; run: inotify-csync verify ${peer}`,
      fields: { peer, files: paths.length },
    });
  };

  onCompared = (peer: string, comparison: FirstComparison): void => {
    const key = `compare ${peer}`;
    if (comparison.ok) {
      this.#troubles.end(key, `${peer} can be compared`, { event: 'peerBack', peer });
      const files = comparison.pending;
      this.#log.info(`${peer} is new: initial comparison done, ${counted(files, 'file')} to send`, {
        peer,
        files,
      });
      return;
    }
    this.#troubles.say({
      key,
      level: 'warn',
      text: `${peer} is new; initial comparison failed: ${comparison.reason}`,
      fields: { event: 'peerDown', peer, reason: comparison.reason },
    });
  };

  /** An administrator has paused a peer. */
  onPaused = (peer: string): void => {
    this.#onChange();
    this.#feed.paused(peer);
    this.#log.info(`${peer} is paused: changes wait until inotify-csync resume ${peer}`, {
      event: 'peerPaused',
      peer,
    });
  };

  onResumed = (peer: string): void => {
    this.#onChange();
    this.#feed.resumed(peer);
    this.#log.info(`${peer} is resumed: pending files are being sent`, {
      event: 'peerResumed',
      peer,
    });
  };

  /** A configuration was edited and can't be used. */
  onRejectedConfig = (error: unknown): void => {
    if (!(error instanceof InotifyCsyncError)) {
      this.onError('reloading the configuration', error);
      return;
    }
    const { code, hint, message } = error;
    const event = eventOfError(error) === 'watchLimit' ? 'watchLimit' : 'configRejected';
    this.#log.error(
      `the new configuration is invalid and ignored, the previous one stays in use: ${message} (${hint})`,
      {
        event,
        errorCode: code,
      },
    );
  };

  onListening = (pid: number): void => {
    const text = `the csync2 server is listening (pid ${pid})`;
    if (this.#troubles.goesOn('server'))
      this.#troubles.end('server', `${text} again`, { event: 'serverBack' });
    else this.#log.info(text);
  };

  onEnded = (why: string, restartSeconds: number): void => {
    this.#troubles.say({
      key: 'server',
      level: 'error',
      text: `the csync2 server exited (${why}); restarting in ${restartSeconds} s`,
      fields: { event: 'serverDown', reason: why },
    });
  };

  /** Idle connections to the csync2 server have been ended. */
  onSilentEnded = (count: number): void => {
    this.#troubles.say({
      key: 'silent connections',
      level: 'warn',
      text: `closed ${counted(count, 'connection')} to the csync2 server that never identified themselves, or were idle for an hour: check who connects to its port`,
      fields: { event: 'silentConnections' },
    });
  };

  /** csync2's server here refuses the sessions of a peer. */
  onRefused = ({ cause, from, peer }: RefusedPeer): void => {
    this.#troubles.say({
      key: `sessions of ${peer}`,
      level: 'warn',
      text: `refused a session from ${peer}: ${refusalReasonText(cause, from)}`,
      fields: { event: 'sessionsRefused', peer, reason: cause },
    });
  };

  /** A session of a peer has been accepted. */
  onAdmitted = (peer: string): void => {
    this.#troubles.end(`sessions of ${peer}`, `accepted a session from ${peer} again`, {
      event: 'sessionsRefusedOver',
      peer,
    });
  };

  onQueueTrouble = (trouble: QueueTrouble): void => {
    const kind = troubleKinds[trouble.trouble] ?? diskTrouble(trouble);
    const lasts = troubleKinds[trouble.trouble] === undefined;
    this.#recent.begins(kind, lasts ? `queue ${trouble.trouble}` : undefined, Date.now());
    this.#onChange();
    const fields = {
      event: eventOfError(trouble),
      reason: trouble.trouble,
      errorCode: trouble.code,
    };
    const text = `${trouble.message}: ${trouble.hint}`;
    this.#troubles.say({ key: `queue ${trouble.trouble}`, level: 'warn', text, fields });
  };

  onQueueWell = (trouble: QueueTrouble['trouble']): void => {
    this.#recent.ends(`queue ${trouble}`, Date.now());
    this.#onChange();
    const fields: LogFields = { event: 'queueWell', reason: trouble };
    this.#troubles.end(`queue ${trouble}`, 'the queue works again', fields);
  };

  /** The system is short of something; what failed is tried again. */
  onShortage = (error: unknown): void => {
    const text = `out of file descriptors, memory or processes; retrying: ${error instanceof Error ? error.message : error}`;
    this.#troubles.say({ key: 'shortage', level: 'warn', text, fields: { event: 'shortage' } });
  };

  onEnough = (): void => {
    this.#troubles.end('shortage', 'enough file descriptors, memory and processes again', {
      event: 'shortageOver',
    });
  };

  /** Something went wrong that nobody foresaw; the work goes on. */
  onError = (where: string, error: unknown): void => {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const reason = error instanceof Error ? error.message : what;
    const code = error instanceof InotifyCsyncError ? error.code : undefined;
    const fields: LogFields = { event: 'failed', reason, errorCode: code };
    this.#troubles.say({
      key: `error ${where}`,
      level: 'error',
      text: `${where}: ${what}`,
      fields,
    });
  };

  #reportRefusal(
    { peer, names: [path = Buffer.of()], rejected }: PushReport,
    diagnosis: Diagnosis,
  ): void {
    if (rejected) this.#feed.rejected(rejected, peer, diagnosis);
    const { outcome } = diagnosis;
    const event = outcome === 'conflict' ? 'fileConflict' : 'fileRejected';
    const text = `${peer}: ${displayShort(path)} ${refusalText(peer, diagnosis)}`;
    this.#troubles.sayOfPath(
      refusedBy(peer),
      { key: toKey(path), level: 'warn', text, fields: { event, peer, path, reason: outcome } },
      {
        text: `${peer}: more files were rejected: \`inotify-csync status\` lists all`,
        fields: { event, peer },
      },
    );
  }

  #reportSocket(path: PathBytes): void {
    this.#troubles.sayOfPath(
      'socket',
      {
        key: toKey(path),
        level: 'warn',
        text: `${displayShort(path)} is a socket: csync2 cannot transfer it; exclude it in csync2.cfg`,
        fields: { event: 'fileRejected', path, reason: 'socket' },
      },
      {
        text: 'there are more sockets: csync2 cannot transfer them; exclude them in csync2.cfg',
        fields: {},
      },
    );
  }
}

function refusalText(peer: string, { outcome, detail, isTie }: Diagnosis): string {
  if (isTie)
    return 'was changed on both hosts at the same time: the host whose name sorts first wins';
  if (outcome === 'conflict') {
    return `was changed both here and on ${peer}: \`inotify-csync conflicts\` shows both, \`inotify-csync resolve FILE --keep HOST\` decides`;
  }
  return `was rejected: ${outcomeText[outcome]}${detail && `: ${detail}`}; on hold, retried now and then`;
}

function diskTrouble(trouble: QueueTrouble): TroubleKind {
  return eventOfError(trouble) === 'diskFull' ? 'queue-disk-full' : 'queue-disk-failing';
}

function refusedBy(peer: string): string {
  return `refused by ${peer}`;
}

function milliseconds(seconds: number): string {
  return `${Math.round(seconds * 1000)} ms`;
}

function sample(paths: readonly PathBytes[]): string {
  const shown = paths.slice(0, 5).map(displayShort).join(', ');
  return paths.length > 5 ? `${shown} and ${paths.length - 5} more` : shown;
}

/** What is over as soon as it is noticed; all else is the disk's. */
const troubleKinds: Partial<Record<QueueTrouble['trouble'], TroubleKind>> = {
  read: 'queue-damaged',
  damage: 'queue-damaged',
  overflow: 'queue-overflow',
};
/** States of a place that somebody may have meant. */
const acceptable: ReadonlySet<string> = new Set(['emptied', 'replaced', 'unmounted']);
/** Reasons that apply to everything that is sent to a peer. */
const refusesAll: ReadonlySet<Diagnosis['outcome']> = new Set(['denied', 'unidentified']);
