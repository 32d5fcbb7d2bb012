import { serverStateText } from '../csync2/server/server.js';
import { rootText } from '../sync/guard/root-guard.js';
import { counted, grouped } from '../text/counted.js';
import { display } from '../text/path-bytes.js';
import type { TroubleKind } from './recent-troubles.js';
import type { PeerStatus } from './status.js';
import type { StatusSources } from './status-sources.js';
import {
  configTroubleText,
  recentTroubleText,
  refusedText,
  unwatchedText,
} from './status-texts.js';

/** What is wrong, one sentence with its remedy each; empty if all is well. Pure. */
export function problemsOf(sources: StatusSources, peers: readonly PeerStatus[]): string[] {
  const problems = sources.configTroubles.map(configTroubleText);
  for (const root of sources.roots) {
    if (root.state !== 'present') problems.push(`${display(root.path)} is ${rootText(root)}`);
  }
  if (sources.unwatched > 0) problems.push(unwatchedText(sources.unwatched));
  if (sources.unreadable > 0)
    problems.push(`${counted(sources.unreadable, 'directory', 'directories')} can't be read`);
  for (const peer of peers) {
    const trouble = peerTrouble(peer);
    if (trouble !== undefined) problems.push(`${peer.name}: ${trouble}`);
    if (peer.unreadable > 0) problems.push(`${peer.name}: ${unreadableText(peer.unreadable)}`);
    if (peer.conflicts > 0) problems.push(`${peer.name}: ${conflictsText(peer.conflicts)}`);
    const rejected = peer.on_hold_count - peer.conflicts;
    if (rejected > 0) problems.push(`${peer.name}: ${onHoldText(rejected)}`);
  }
  for (const refused of sources.refused.peers) problems.push(refusedText(refused));
  for (const trouble of sources.recentTroubles) {
    const advice = trouble.until === undefined ? troubleAdvice[trouble.kind] : undefined;
    if (advice !== undefined) problems.push(`${recentTroubleText(trouble)}: ${advice}`);
  }
  const { fullCheckDue: pending, fullCheckTries: tries } = sources;
  if (pending && tries.failures > 0) {
    const next = Math.max(0, (tries.nextAt - Date.now()) / 1000);
    problems.push(
      `a full check cannot be completed (tried ${counted(tries.failures, 'time')}, next try in ${Math.round(next)} s): ${pending.reason}`,
    );
  }
  const { count: deferred } = sources.deferred;
  if (deferred > 0) problems.push(`${counted(deferred, 'path')} cannot be checked`);
  if (sources.server !== 'external' && sources.server !== 'listening')
    problems.push(serverStateText[sources.server]);
  return problems;
}

/** What is wrong with a peer; undefined while it may only be restarting, or is being compared. */
function peerTrouble({
  failing_s: failing,
  health,
  reason_text: reason,
}: PeerStatus): string | undefined {
  if (health === 'failing') return reason ?? undefined;
  if (health !== 'new' || failing === null || failing < graceSeconds) return undefined;
  return `new; initial comparison failed: ${reason}`;
}

function unreadableText(count: number): string {
  if (count === 1) return '1 file is not sent: this host cannot access it';
  return `${grouped(count)} files are not sent: this host cannot access them`;
}

function conflictsText(count: number): string {
  return `${counted(count, 'conflict')}: show with inotify-csync conflicts, decide with inotify-csync resolve`;
}

function onHoldText(count: number): string {
  if (count === 1) return '1 file is on hold: the peer rejects it';
  return `${grouped(count)} files are on hold: the peer rejects them`;
}

/** A peer that restarts alarms nobody within this time. */
export const graceSeconds = 10;
/** What to do about troubles that are problems while they go on. */
const troubleAdvice: Partial<Record<TroubleKind, string>> = {
  'queue-disk-full': 'make room on it; a full check then finds all changes',
  'queue-disk-failing': 'check the disk (dmesg); a full check then finds all changes',
};
