import type { PeerHealth, PeerStatus, RootStatus, Status } from '../../../observe/status.js';
import { duration, peerText } from '../../../observe/status-line.js';
import { unsupportedText } from '../../../observe/status-texts.js';
import { wrap } from '../../../text/cells.js';
import { counted, grouped } from '../../../text/counted.js';
import { localSecond } from '../../../text/local-time.js';
import { plain, type Style } from '../../style.js';

/**
 * The status for people. Pure.
 *
 * @param columns - the width of the terminal: longer lines become several, as far as their words
 *   allow it
 */
export function renderStatus(
  status: Status,
  style: Style = plain,
  columns: number = Number.POSITIVE_INFINITY,
): string {
  const { queue } = status;
  const lines = [
    `${style.strong(status.host)}: ${healthText(status, style)}, ${status.state_text}, up ${duration(status.uptime_s)}, version ${status.version ?? 'unknown'}`,
    ...status.problems.map((problem) => `  ${style.bad('!')} ${problem}`),
    '',
    `watching   ${counted(status.directories, 'directory', 'directories')}`,
    `queue      ${counted(queue.depth, 'change')} waiting${queue.oldest_s === null ? '' : `, the oldest for ${duration(queue.oldest_s)}`}`,
    `updates    ${status.strategy}`,
    `server     ${status.server.state}, ${counted(status.server.sessions.length, 'open session')}`,
  ];
  if (status.full_check_due) {
    const { reason, age_s } = status.full_check_due;
    lines.push(`full check due for ${duration(age_s)}: ${reason}`);
  }
  // A daemon of an earlier version, which an upgrade has left running, tells of neither.
  const [trouble] = status.recent_troubles ?? [];
  if (trouble) lines.push(`last trouble: ${trouble.text}`);
  const others = status.server.refused_others;
  if (others?.last) lines.push(refusedOthersText(others));
  const late = status.detected_late.count;
  if (late > 0)
    lines.push(
      `late       ${counted(late, 'change was', 'changes were')} found only by a full check`,
    );
  const hidden = status.paths_left_out ?? 0;
  if (hidden > 0) lines.push(`hidden     ${counted(hidden, 'path')}, which only root may see`);
  const more = status.health === 'healthy' ? [] : ['', seeJournal];
  const all = [...lines, ...checkLines(status), ...furtherLines(status, style), ...more];
  return `${all.flatMap((line) => wrap(line, columns)).join('\n')}\n`;
}

/** Where csync2 alone checks, as it does unless it is set otherwise, there is nothing to say. */
function checkLines({ checks }: Partial<Pick<Status, 'checks'>>): string[] {
  if (checks?.checker !== 'auto') return [];
  const left = Object.values(checks.left).reduce((sum, count) => sum + count, 0);
  const beside = left > 0 ? `, ${counted(left, 'path')} left to csync2` : '';
  return [
    `checks     ${counted(checks.here, 'path')} checked without csync2${beside}`,
    ...checks.reasons.map((reason) => `  left to csync2: ${reason}`),
  ];
}

function healthText({ health }: Status, style: Style): string {
  return health === 'healthy' ? style.good(health) : style.bad(health);
}

function furtherLines(status: Status, style: Style): string[] {
  const {
    deferred,
    deferred_count: count,
    detected_late: late,
    peers,
    server,
    unsupported,
  } = status;
  const rootText = (root: RootStatus) =>
    `  ${root.path}: ${root.state === 'present' ? root.text : firstWord(root.text, style.bad)}`;
  const roots = status.roots.filter((root) => !root.mount);
  const mounts = status.roots.filter((root) => root.mount);
  const received = (peer: PeerStatus) => server.received[peer.name] ?? 0;
  return [
    ...late.paths.map((path) => `  ${path}`),
    ...['', style.strong('included'), ...roots.map(rootText)],
    ...(mounts.length > 0 ? ['', 'mounted in them'] : []),
    ...mounts.map(rootText),
    ...[
      '',
      style.strong('peers'),
      ...peers.flatMap((each) => renderPeer(each, received(each), style)),
    ],
    ...(count > 0 ? ['', 'cannot be checked, tried again later'] : []),
    ...deferred.map(({ path, reason }) => `  ${path}: ${reason}`),
    ...(deferred.length > 0 ? andMore(count - deferred.length, '  ') : hiddenPaths(count)),
    ...(unsupported.count > 0 ? ['', `never synchronised: ${unsupportedText(unsupported)}`] : []),
  ];
}

function renderPeer(peer: PeerStatus, received: number, style: Style): string[] {
  const onHold = peer.on_hold.map(
    ({ path, reason }) => `    ${style.bad('rejected')}: ${path}: ${reason}`,
  );
  // Where none may be shown, the line of the peer says how many there are.
  const more = onHold.length > 0 ? andMore(peer.on_hold_count - onHold.length, '    ') : [];
  const tone = peer.health === 'ok' && peer.on_hold_count > 0 ? 'warn' : toneOf[peer.health];
  const text = firstWord(peerText(peer), style[tone]);
  return [
    `  ${peer.name}: ${text}; sent ${grouped(peer.sent)}, received ${grouped(received)}`,
    ...onHold,
    ...more,
  ];
}

function refusedOthersText({ count, from, last, name }: RefusedOthers): string {
  const who = `${counted(count, 'session')} of hosts that csync2.cfg does not name`;
  const when = last === null ? '' : `, ${localSecond(Date.parse(last))}`;
  return `refused    ${who} (last: ${name || 'no name'} from ${from[0] ?? 'unknown'}${when})`;
}

/** The state is the first word, and single words can be coloured and broken apart. */
function firstWord(text: string, tone: (word: string) => string): string {
  return text.replace(/^[\w-]+/, tone);
}

function andMore(count: number, indent: string): string[] {
  return count > 0 ? [`${indent}and ${grouped(count)} more`] : [];
}

function hiddenPaths(count: number): string[] {
  return count > 0 ? [`  ${counted(count, 'path')}`] : [];
}

type RefusedOthers = Status['server']['refused_others'];

const toneOf: Readonly<Record<PeerHealth, keyof Style>> = {
  ok: 'good',
  retrying: 'warn',
  failing: 'bad',
  new: 'warn',
  paused: 'warn',
};
const seeJournal = 'more: journalctl -x -u inotify-csync -p warning';
