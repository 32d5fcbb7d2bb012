import { counted, grouped } from '../text/counted.js';
import { localSecond } from '../text/local-time.js';

/**
 * Sentences of the status. They are apart from the daemon's code, so that a command that shows them
 * loads nothing of the daemon.
 */

/** The number of unwatched directories, and the remedy. */
export function unwatchedText(count: number): string {
  return `${counted(count, 'directory is', 'directories are')} not watched: the watch limit is reached (see inotify-csync watch-limit)`;
}

/**
 * The number of paths that csync2 can't handle, and the first of them. They are no problem of this
 * service, and may stay for ever.
 */
export function unsupportedText({
  count,
  more,
  paths,
}: {
  readonly count: number;
  readonly more: boolean;
  readonly paths: readonly string[];
}): string {
  const number = more
    ? `${grouped(count)} and more paths are`
    : counted(count, 'path is', 'paths are');
  const [first] = paths;
  return `${number} too long for csync2, and not synchronised${first === undefined ? '' : `: ${first}`}`;
}

/** The error of the configuration on disk, and that it is not in use. */
export function configTroubleText({
  message,
  hint,
}: {
  readonly message: string;
  readonly hint: string;
}): string {
  return `invalid, so the previous configuration is still in use: ${message} (${hint}; see inotify-csync check-config)`;
}

/** That csync2's server here refuses the sessions of a peer, probably why, and what to do. */
export function refusedText(refused: {
  readonly cause: RefusalReason;
  readonly count: number;
  readonly from: string;
  readonly lastAt: number;
  readonly peer: string;
}): string {
  const { cause, count, from, lastAt, peer } = refused;
  const often = `refused ${counted(count, 'session')} from ${peer} (last ${localSecond(lastAt)})`;
  return `${often}: ${refusalReasonText(cause, from)}`;
}

/** Probably why sessions that come from an address are refused, and what to do. */
export function refusalReasonText(cause: RefusalReason, from: string): string {
  return refusalTexts[cause](from);
}

type RefusalReason = keyof typeof refusalTexts;

const refusalTexts = {
  permission: () =>
    'its key or csync2.cfg differs; copy csync2.cfg and its key files from the host on which they are right',
  identification: (from: string) =>
    `${from} is no address of this name here, or its certificate has changed; check /etc/hosts or DNS, and its certificate`,
  tls: () => 'it does not use TLS; compare nossl in csync2.cfg of both hosts',
} as const;

/** What is wrong with queue or watcher, while it goes on. */
export const troubleTexts = {
  'queue-disk-full': "the queue's disk is full",
  'queue-disk-failing': "the queue's disk fails",
  'queue-damaged': 'records of the queue are damaged',
  'queue-overflow': 'the queue is too long',
  'changes-unseen': 'changes may have gone unnoticed',
} as const;

const pastTroubleTexts = {
  'queue-disk-full': "the queue's disk was full",
  'queue-disk-failing': "the queue's disk failed",
  'queue-damaged': 'records of the queue were damaged',
  'queue-overflow': 'the queue was too long',
  'changes-unseen': 'changes may have gone unnoticed',
} as const;

/** A trouble of queue or watcher, when it began, and whether it is over; times: since 1970. */
export function recentTroubleText({
  kind,
  since,
  until,
}: {
  readonly kind: keyof typeof troubleTexts;
  readonly since: number;
  readonly until: number | undefined;
}): string {
  const begun = localSecond(since);
  if (until === undefined) return `${troubleTexts[kind]}, since ${begun}`;
  const ended = localSecond(until);
  const time = ended === begun ? begun : `${begun} to ${ended}`;
  return `${pastTroubleTexts[kind]}, ${time}, over`;
}
