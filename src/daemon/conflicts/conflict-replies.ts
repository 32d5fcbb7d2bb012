import { readCheckText } from '../../csync2/files/check-text.js';
import { decodeName } from '../../csync2/files/name-encoding.js';
import type { ConflictReply, ConflictsReply, SideReply } from '../../observe/control-replies.js';
import { type Conflict, changedAt, countBelow } from '../../sync/compare/conflict.js';
import type { Sync } from '../../sync/sync.js';
import { display, type PathBytes } from '../../text/path-bytes.js';
import { typeNames } from '../type-names.js';

/** Converts names of csync2's database to paths. */
export type Places = Pick<Sync, 'placesOf'>;

/** The conflicts for the client, sorted by path, then by peer. */
export function conflictsReply(
  conflicts: readonly Conflict[],
  host: string,
  places: Places,
  now = Date.now(),
): ConflictsReply {
  const replies = conflicts.map((conflict) => conflictReply(conflict, places, now));
  const key = ({ path, peer }: ConflictReply) => `${path}\0${peer}`;
  replies.sort((one, other) => (key(one) < key(other) ? -1 : 1));
  return { schema: 1, host, conflicts: replies };
}

/** One conflict, for the client. */
export function conflictReply(conflict: Conflict, places: Places, now = Date.now()): ConflictReply {
  const { isTree, pair, peer, since } = conflict;
  return {
    path: display(pathOfConflict(conflict, places)),
    peer,
    since_s: Math.max(0, (now - since) / 1000),
    subtree: isTree,
    here: sideReply(conflict, 'here'),
    there: pair ? sideReply(conflict, 'there') : null,
    error: pair ? null : 'it did not send its list: it cannot be reached, or its csync2 refused',
  };
}

/** The path of a conflict on this host. */
export function pathOfConflict({ name }: Pick<Conflict, 'name'>, { placesOf }: Places): PathBytes {
  const [path = Buffer.alloc(0)] = placesOf([decodeName(Buffer.from(name, 'latin1'))]);
  return path;
}

function sideReply(conflict: Conflict, side: 'here' | 'there'): SideReply {
  const text = conflict.pair?.[side];
  if (text === undefined) return { ...nothing, changed: changedOf(conflict, side) };
  const noted = readCheckText(text, 0);
  const isTree = conflict.isTree && noted.type === 'dir';
  return {
    type: typeNames[noted.type] ?? noted.type,
    size: noted.size === undefined ? null : Number(noted.size),
    changed: isTree ? changedOf(conflict, side) : timeText(noted.mtimeSeconds),
    owner: noted.owner ?? null,
    mode: noted.mode === undefined ? null : (noted.mode & 0o7777).toString(8),
    target:
      noted.target === undefined ? null : display(decodeName(Buffer.from(noted.target, 'latin1'))),
    entries: isTree ? countBelow(conflict, side) : null,
  };
}

function changedOf(conflict: Conflict, side: 'here' | 'there'): string | null {
  return timeText(changedAt(conflict, side));
}

function timeText(seconds: bigint | undefined): string | null {
  if (seconds === undefined) return null;
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds} s` : date.toISOString().replace('.000Z', 'Z');
}

const nothing: SideReply = {
  ...{ type: 'removed', size: null, changed: null, owner: null },
  ...{ mode: null, target: null, entries: null },
};
