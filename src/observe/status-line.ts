import { type PeerStatus, type Status, unwatchedText } from './status.js';

/** One line for `systemctl status`: `watching 171856 directories; web2 ok; web3 down 4 min, 12 files owed`. */
export function statusLine(status: Status): string {
  const parts = [`watching ${status.directories} directories`];
  if (status.unwatched > 0) parts.push(unwatchedText(status.unwatched));
  if (status.unreadable > 0) parts.push(`${status.unreadable} directories can't be read`);
  for (const root of status.roots) if (root.state !== 'present') parts.push(`${root.path} is ${root.text}`);
  for (const peer of status.peers) parts.push(`${peer.name} ${peerText(peer)}`);
  if (status.full_check_owed) parts.push(`full check owed: ${status.full_check_owed.reason}`);
  return parts.join('; ');
}

/** `ok, last sent 62 ms ago` or `failing for 4 min (the peer cannot be reached), 12 files owed`. */
export function peerText(peer: PeerStatus): string {
  const debt = peer.owed ? `, ${peer.owed} files owed` : '';
  const parked = peer.parked.length > 0 ? `, ${peer.parked.length} parked` : '';
  if (peer.reason_text !== null && peer.failing_s !== null) {
    return `failing for ${duration(peer.failing_s)} (${peer.reason_text})${debt}${parked}`;
  }
  const last = peer.last_sent_s === null ? '' : `, last sent ${duration(peer.last_sent_s)} ago`;
  return `ok${last}${debt}${parked}`;
}

/** Seconds in the largest unit that says something. */
export function duration(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}
