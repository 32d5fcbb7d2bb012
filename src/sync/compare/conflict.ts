import { readCheckText, typeOf } from '../../csync2/files/check-text.js';
import type { Differences, NotePair } from './note-comparison.js';

/** A file, or a tree, that this host and a peer have both changed, and that nobody has decided. */
export interface Conflict {
  /** As csync2's database has it, one character a byte. */
  readonly name: string;
  readonly peer: string;
  /** When the peer called it changed on both sides first; milliseconds since 1970. */
  readonly since: number;
  /** What both sides have noted of it; undefined: the peer did not tell. */
  readonly pair: NotePair | undefined;
  /** Only one side has a directory there: what is below it is decided with it. */
  readonly isTree: boolean;
  /** What differs at and below it, itself among them; of one that is no tree, only itself. */
  readonly parts: Differences;
}

/** What a peer called changed on both sides. */
export interface HeldName {
  readonly name: string;
  readonly since: number;
}

/**
 * Makes conflicts of what a peer called changed on both sides. What lies below a tree is part of
 * it.
 *
 * @param differences - of both sides at and below these names; undefined: the peer did not tell
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
    // What is not different by now is the same.
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

/** Who has the newest of some versions: a host, or `undefined` for this one. */
export type Newest = { readonly peer: string | undefined } | 'unknown';

/**
 * Finds whose version is newest, by the times of change that csync2 has noted, in whole seconds. Of
 * a tree the youngest file in it counts. It is unknown if a side has no time (a removal, a link, an
 * empty directory), or if two are the same.
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
 * When the version of a side was changed last, in seconds since 1970; undefined: csync2 notes no
 * time of it.
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

/** So that a directory comes before what is below it, and what is below it before `directory-1`. */
function byName({ name: one }: HeldName, { name: other }: HeldName): number {
  const [a, b] = [one.replaceAll('/', '\0'), other.replaceAll('/', '\0')];
  return a < b ? -1 : a > b ? 1 : 0;
}
