import type { PeerStatus, Status } from '../../../observe/status.js';
import { duration, peerText } from '../../../observe/status-line.js';

/** The status for people. */
export function renderStatus(status: Status): string {
  const lines = [
    `${status.host}: ${status.health}, ${status.state_text}, up ${duration(status.uptime_s)}`,
    ...status.problems.map((problem) => `  ! ${problem}`),
    '',
    `watching   ${status.directories} directories`,
    `queue      ${status.queue.depth} changes waiting${status.queue.oldest_s === null ? '' : `, the oldest for ${duration(status.queue.oldest_s)}`}`,
    `updates    ${status.strategy}`,
    `server     ${status.server.state}, ${status.server.sessions.length} open sessions`,
  ];
  if (status.full_check_owed) {
    const { reason, age_s } = status.full_check_owed;
    lines.push(`full check owed for ${duration(age_s)}: ${reason}`);
  }
  lines.push(`missed     ${status.misses.count} changes that only a full check found`);
  lines.push(...status.misses.paths.map((path) => `  ${path}`));
  lines.push('', 'included');
  const [roots, mounts] = [false, true].map((isMount) =>
    status.roots.filter((root) => (root.mount ?? false) === isMount),
  );
  lines.push(...(roots ?? []).map((root) => `  ${root.path}: ${root.text}`));
  if (mounts?.length) lines.push('', 'mounted in them');
  lines.push(...(mounts ?? []).map((root) => `  ${root.path}: ${root.text}`));
  lines.push('', 'peers');
  for (const peer of status.peers) lines.push(...renderPeer(peer, status.server.received[peer.name] ?? 0));
  if (status.deferred.length > 0) lines.push('', 'cannot be checked, tried again later');
  lines.push(...status.deferred.map(({ path, reason }) => `  ${path}: ${reason}`));
  return `${lines.join('\n')}\n`;
}

function renderPeer(peer: PeerStatus, received: number): string[] {
  const parked = peer.parked.map(({ path, reason }) => `    not taken: ${path}: ${reason}`);
  return [`  ${peer.name}: ${peerText(peer)}; sent ${peer.sent}, received ${received}`, ...parked];
}
