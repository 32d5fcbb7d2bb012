import { readCheckText, typeOf } from '../../csync2/files/check-text.js';
import type { Differences, NotePair } from './note-comparison.js';

/** A file or tree that this host and a peer have both changed, and that no one has decided. */
export interface Conflict {
  /** The name in csync2's database, one character a byte. */
  readonly name: string;
  readonly peer: string;
  /** When the peer first called the file changed on both sides, in milliseconds since 1970. */
  readonly since: number;
  /** The notes of both sides; undefined if the peer did not tell. */
  readonly pair: NotePair | undefined;
  /** Only one side has a directory under the name. Everything below the name is decided with it. */
  readonly isTree: boolean;
  /** The differences at and below a tree, or only at the name itself. */
  readonly parts: Differences;
}

/** A name that a peer called changed on both sides. */
export interface HeldName {
  readonly name: string;
  readonly since: number;
}

/**
 * Makes conflicts of the names that a peer called changed on both sides. Names below a tree are
 * part of its conflict.
 *
 * @param differences - between both sides at and below these names; undefined if the peer did not
 * tell
 * @param ownNote - csync2's text for a name on this host
 */
export function conflictsOf(
  peer: string,
  held: readonly HeldName[],
  differences: Differences | undefined,
  ownNote: (name: string) => string | undefined,
): readonly Conflict[] {
  const conflicts: Conflict[] = [];
  let tree: Conflict | undefined;
  for (const { name, since } of [...held].sort(byName)) {
    if (tree && isBelow(name, tree.name)) continue;
    const same = ownNote(name);
    // A name without a difference is equal on both sides by now.
    const pair = differences && (differences.get(name) ?? { here: same, there: same });
    const isTree = pair !== undefined && isDirectory(pair.here) !== isDirectory(pair.there);
    const isPart = (each: string) => each === name || (isTree && isBelow(each, name));
    const parts = new Map([...(differences ?? [])].filter(([each]) => isPart(each)));
    const conflict = { name, peer, since, pair, isTree, parts };
    if (isTree) tree = conflict;
    conflicts.push(conflict);
  }
  return conflicts;
}

/** The host that has the newest version: a peer, or `undefined` for this host. */
export type Newest = { readonly peer: string | undefined } | 'unknown';

/**
 * Finds the newest version, by the times of change that csync2 has noted, in whole seconds. The
 * time of a tree is that of its youngest file. The result is unknown if a side has no time (a
 * removal, a link, an empty directory), or if two times are equal.
 *
 * @param conflicts - of one path, with each peer
 */
export function newestOf(conflicts: readonly Conflict[]): Newest {
  const times = [
    ...conflicts
      .map((conflict) => ({ peer: undefined, time: changedAt(conflict, 'here') }))
      .slice(0, 1),
    ...conflicts.map((conflict) => ({ peer: conflict.peer, time: changedAt(conflict, 'there') })),
  ];
  let newest: { peer: string | undefined; time: bigint } | undefined;
  let isTie = false;
  for (const { peer, time } of times) {
    if (time === undefined) return 'unknown';
    if (newest && time === newest.time) isTie = true;
    else if (!newest || time > newest.time) [newest, isTie] = [{ peer, time }, false];
  }
  return newest && !isTie ? { peer: newest.peer } : 'unknown';
}

/**
 * When a side's version was changed last, in seconds since 1970; undefined if csync2 notes no time
 * for it.
 */
export function changedAt(
  { parts }: Pick<Conflict, 'parts'>,
  side: 'here' | 'there',
): bigint | undefined {
  let last: bigint | undefined;
  for (const pair of parts.values()) {
    const text = pair[side];
    const time = text === undefined ? undefined : readCheckText(text, 0).mtimeSeconds;
    if (time !== undefined && (last === undefined || time > last)) last = time;
  }
  return last;
}

/** How many files and directories a side has below a tree that is in conflict. */
export function countBelow(
  { name, parts }: Pick<Conflict, 'name' | 'parts'>,
  side: 'here' | 'there',
): number {
  return [...parts].filter(([each, pair]) => each !== name && pair[side] !== undefined).length;
}

/** Whether a name lies below another one. */
export function isBelow(name: string, directory: string): boolean {
  return name.startsWith(directory === '/' ? directory : `${directory}/`);
}

/** The names of the directories above a name, the nearest first. */
export function* directoriesAbove(name: string): Generator<string, void> {
  for (let end = name.lastIndexOf('/'); end > 0; end = name.lastIndexOf('/', end - 1))
    yield name.slice(0, end);
}

function isDirectory(text: string | undefined): boolean {
  return text !== undefined && typeOf(text) === 'dir';
}

/** Sorts a directory before the names below it, and these before `directory-1`. */
function byName({ name: one }: HeldName, { name: other }: HeldName): number {
  const [a, b] = [one.replaceAll('/', '\0'), other.replaceAll('/', '\0')];
  return a < b ? -1 : a > b ? 1 : 0;
}
