import { counted, grouped } from '../text/counted.js';
import { localMinute } from '../text/local-time.js';
import type { PeerStatus, Status } from './status.js';
import { configTroubleText, unwatchedText } from './status-texts.js';

/**
 * One line for `systemctl status`:
 * `watching 171,856 directories; web2 ok 62 ms ago; web3 down 4 min, 12 files pending`. The time
 * after `ok` is the age of the last sent file.
 */
export function statusLine(status: Status): string {
  const parts = [`watching ${directories(status.directories)}`];
  if (status.unwatched > 0) parts.push(unwatchedText(status.unwatched));
  if (status.unreadable > 0) parts.push(`${directories(status.unreadable)} can't be read`);
  for (const trouble of status.config_troubles) parts.push(configTroubleText(trouble));
  for (const root of status.roots)
    if (root.state !== 'present') parts.push(`${root.path} is ${root.text}`);
  for (const { peer } of status.refused_sessions) parts.push(`sessions from ${peer} are refused`);
  for (const peer of status.peers) parts.push(`${peer.name} ${shortPeerText(peer)}`);
  if (status.full_check_due) parts.push(`full check due: ${status.full_check_due.reason}`);
  return parts.join('; ');
}

function shortPeerText(peer: PeerStatus): string {
  const pending = peer.pending ? `, ${counted(peer.pending, 'file')} pending` : '';
  if (peer.health === 'paused') return `paused ${duration(peer.paused_s ?? 0)}${pending}`;
  if (peer.health === 'new') return 'new, not yet compared';
  if (peer.health === 'retrying') return `retrying${pending}`;
  if (peer.reason !== null && peer.failing_s !== null) {
    const isDown = peer.reason === 'unreachable' || peer.reason === 'stalled';
    const how = isDown ? `down ${duration(peer.failing_s)}` : `failing ${duration(peer.failing_s)}`;
    return `${how}${isDown ? '' : ` (${peer.reason_text})`}${pending}`;
  }
  return `ok${peer.last_sent_s === null ? '' : ` ${duration(peer.last_sent_s)} ago`}${pending}`;
}

/**
 * `ok, last sent 62 ms ago` or `failing for 4 min (the peer cannot be reached), 12 files pending`.
 */
export function peerText(peer: PeerStatus): string {
  const pending = peer.pending ? `, ${counted(peer.pending, 'file')} pending${paceText(peer)}` : '';
  const onHold = peer.on_hold_count > 0 ? `, ${grouped(peer.on_hold_count)} on hold` : '';
  const next =
    peer.next_attempt_s === null ? '' : `, next try in ${duration(Math.ceil(peer.next_attempt_s))}`;
  if (peer.health === 'paused' && peer.paused_since !== null) {
    const since = `paused since ${localMinute(Date.parse(peer.paused_since))}`;
    return `${since}, ${peer.pending === null ? 'some files' : counted(peer.pending, 'file')} pending${onHold} (to resume: inotify-csync resume ${peer.name})`;
  }
  if (peer.health === 'new') {
    return `new, not yet compared${peer.reason_text === null ? '' : ` (${peer.reason_text})`}`;
  }
  if (peer.reason_text !== null && peer.failing_s !== null) {
    const how = peer.health === 'retrying' ? 'retrying for' : 'failing for';
    return `${how} ${duration(peer.failing_s)} (${peer.reason_text})${pending}${onHold}${next}`;
  }
  const last = peer.last_sent_s === null ? '' : `, last sent ${duration(peer.last_sent_s)} ago`;
  return `ok${last}${pending}${onHold}`;
}

/** `, 85/s, about 15 s left`, or why no time can be told; empty if nothing is known. */
export function paceText({ eta_s: left, sent_per_second: rate }: PeerStatus): string {
  // A daemon of an earlier version does not tell.
  if (rate === null || rate === undefined) return '';
  if (rate === 0) return ', none sent in the last 15 s';
  const perSecond =
    rate < 1
      ? `${counted(Math.max(1, Math.round(rate * 60)), 'file')} a minute`
      : `${grouped(Math.round(rate))}/s`;
  const time = left === null ? 'not getting fewer' : `about ${duration(left)} left`;
  return `, ${perSecond}, ${time}`;
}

function directories(count: number): string {
  return counted(count, 'directory', 'directories');
}

/** Seconds in the largest suitable unit. */
export function duration(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}
