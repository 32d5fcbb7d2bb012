import type { PeerStatus, Status } from '../../../observe/status.js';
import { duration, peerText } from '../../../observe/status-line.js';
import { unsupportedText } from '../../../observe/status-texts.js';
import { counted } from '../../show-reply.js';

/** The status for people. */
export function renderStatus(status: Status): string {
  const lines = [
    `${status.host}: ${status.health}, ${status.state_text}, up ${duration(status.uptime_s)}, version ${status.version ?? 'unknown'}`,
    ...status.problems.map((problem) => `  ! ${problem}`),
    '',
    `watching   ${status.directories} directories`,
    `queue      ${status.queue.depth} changes waiting${status.queue.oldest_s === null ? '' : `, the oldest for ${duration(status.queue.oldest_s)}`}`,
    `updates    ${status.strategy}`,
    `server     ${status.server.state}, ${status.server.sessions.length} open sessions`,
  ];
  if (status.full_check_due) {
    const { reason, age_s } = status.full_check_due;
    lines.push(`full check due for ${duration(age_s)}: ${reason}`);
  }
  const late = status.detected_late.count;
  if (late > 0) lines.push(`late       ${late} changes were found only by a full check`);
  const hidden = status.paths_left_out ?? 0;
  if (hidden > 0) lines.push(`hidden     ${counted(hidden, 'path')}, which only root may see`);
  const more = status.health === 'healthy' ? [] : ['', seeJournal];
  return `${[...lines, ...furtherLines(status), ...more].join('\n')}\n`;
}

function furtherLines(status: Status): string[] {
  const {
    deferred,
    deferred_count: count,
    detected_late: late,
    peers,
    server,
    unsupported,
  } = status;
  const roots = status.roots.filter((root) => !root.mount);
  const mounts = status.roots.filter((root) => root.mount);
  return [
    ...late.paths.map((path) => `  ${path}`),
    ...['', 'included', ...roots.map((root) => `  ${root.path}: ${root.text}`)],
    ...(mounts.length > 0 ? ['', 'mounted in them'] : []),
    ...mounts.map((root) => `  ${root.path}: ${root.text}`),
    ...['', 'peers', ...peers.flatMap((peer) => renderPeer(peer, server.received[peer.name] ?? 0))],
    ...(count > 0 ? ['', 'cannot be checked, tried again later'] : []),
    ...deferred.map(({ path, reason }) => `  ${path}: ${reason}`),
    ...(deferred.length > 0 ? andMore(count - deferred.length, '  ') : hiddenPaths(count)),
    ...(unsupported.count > 0 ? ['', `never synchronised: ${unsupportedText(unsupported)}`] : []),
  ];
}

function renderPeer(peer: PeerStatus, received: number): string[] {
  const onHold = peer.on_hold.map(({ path, reason }) => `    rejected: ${path}: ${reason}`);
  // If no path may be shown, the line of the peer says how many there are.
  const more = onHold.length > 0 ? andMore(peer.on_hold_count - onHold.length, '    ') : [];
  return [
    `  ${peer.name}: ${peerText(peer)}; sent ${peer.sent}, received ${received}`,
    ...onHold,
    ...more,
  ];
}

function andMore(count: number, indent: string): string[] {
  return count > 0 ? [`${indent}and ${count} more`] : [];
}

function hiddenPaths(count: number): string[] {
  return count > 0 ? [`  ${counted(count, 'path')}`] : [];
}

const seeJournal = 'more: journalctl -x -u inotify-csync -p warning';
