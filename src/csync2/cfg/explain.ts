import type { NativeSelection } from '../../native/selection.js';
import { display, join, type PathBytes } from '../../text/path-bytes.js';
import type { CsyncConfig, Group, GroupPattern, Place } from './model.js';
import { matchPattern } from './native-selection.js';
import {
  type ActivePrefix,
  activePrefixes,
  firstOfName,
  memberGroups,
  selectionOf,
} from './selection.js';

/** The results of csync2's walk from `/` for a path. */
export const verdicts = {
  synchronised: 'csync2 synchronises it',
  passedThrough: 'csync2 only traverses it, to reach paths below',
  leftOut: 'csync2 does not synchronise it',
} as const;
export type Verdict = keyof typeof verdicts;

export interface ExplanationLine {
  readonly text: string;
  /** The place of the pattern that decided. */
  readonly place?: Place;
}

export interface Explanation {
  readonly path: PathBytes;
  readonly verdict: Verdict;
  readonly lines: readonly ExplanationLine[];
}

/**
 * Says whether csync2 synchronises `path` (absolute, real, without trailing slash), and which line
 * of which file decides that, per group and per name (the real one and those below prefixes). Names
 * the directory above the path that the walk does not enter, if there is one.
 */
export function explainPath(config: CsyncConfig, path: PathBytes): Explanation {
  const selection = selectionOf(config);
  const prefixes = activePrefixes(config);
  const spaces = walkTo(path, prefixes, selection);
  const scopes = spaces.map((space) =>
    space.blockedAt ? 0 : scopeOf(path, space.prefix, prefixes, selection),
  );
  const verdict = scopes.includes(2)
    ? 'synchronised'
    : scopes.includes(1)
      ? 'passedThrough'
      : 'leftOut';
  return { path, verdict, lines: spaces.flatMap((space) => explainName(config, path, space)) };
}

/**
 * A kind of names by which csync2 may reach the path, either real names or those below a prefix.
 */
interface NameSpace {
  readonly prefix: ActivePrefix | undefined;
  /** The directory above the path that the walk does not enter under these names. */
  blockedAt?: PathBytes;
}

// A prefix begins where the walk under real names meets its path (csync2 check.c csync_check_mod).
function walkTo(
  path: PathBytes,
  prefixes: readonly ActivePrefix[],
  selection: NativeSelection,
): NameSpace[] {
  const real: NameSpace = { prefix: undefined };
  const spaces = [real];
  for (const step of stepsTo(path)) {
    const beginning = firstOfName(prefixes).filter((prefix) => prefix.path.equals(step));
    if (!real.blockedAt) for (const prefix of beginning) spaces.push({ prefix });
    if (step.length === path.length) break;
    for (const space of spaces) {
      if (!space.blockedAt && scopeOf(step, space.prefix, prefixes, selection) === 0)
        space.blockedAt = step;
    }
  }
  return spaces;
}

function scopeOf(
  path: PathBytes,
  prefix: ActivePrefix | undefined,
  prefixes: readonly ActivePrefix[],
  selection: NativeSelection,
): 0 | 1 | 2 {
  const scope = selection.matchName(nameIn(prefix, path));
  if (scope > 0 || prefix) return scope;
  return prefixes.some((other) => isAbove(path, other.path)) ? 1 : 0;
}

function explainName(config: CsyncConfig, path: PathBytes, space: NameSpace): ExplanationLine[] {
  const lines: ExplanationLine[] = [];
  const at = space.blockedAt ?? path;
  const name = nameIn(space.prefix, at);
  if (space.prefix)
    lines.push({ text: `under the prefix its name is ${display(nameIn(space.prefix, path))}` });
  if (space.blockedAt)
    lines.push({ text: `csync2 does not enter ${display(name)}, so it finds nothing below:` });
  for (const group of memberGroups(config)) lines.push(explainGroup(group, name));
  for (const group of config.groups) {
    if (group.myName === undefined && decide(group, name).selected) {
      lines.push({
        text: `group ${group.name} includes it, but ${config.hostName} is not a member`,
        place: group.place,
      });
    }
  }
  return lines;
}

function explainGroup(group: Group, name: Buffer): ExplanationLine {
  const { path, basename, selected } = decide(group, name);
  const start = `group ${group.name}: ${display(name)}`;
  if (!path) return { text: `${start} matches no include` };
  if (path.action === 'exclude')
    return { text: `${start} is excluded by ${statement(path)}`, place: path.place };
  if (basename && !selected)
    return {
      text: `${start} is excluded by ${statement(basename)}, because of its last component`,
      place: basename.place,
    };
  return { text: `${start} is included by ${statement(path)}`, place: path.place };
}

interface Decision {
  /** The last pattern of each class that matches. */
  readonly path: GroupPattern | undefined;
  readonly basename: GroupPattern | undefined;
  readonly selected: boolean;
}

function decide(group: Group, name: Buffer): Decision {
  const last = (kind: GroupPattern['class']) =>
    group.patterns.findLast(
      (pattern) =>
        pattern.class === kind && pattern.action !== 'compare' && matchPattern(pattern.text, name),
    );
  const path = last('path');
  const basename = last('basename');
  return { path, basename, selected: path?.action === 'include' && basename?.action !== 'exclude' };
}

function statement(pattern: GroupPattern): string {
  return `\`${pattern.action} ${display(pattern.text)};\``;
}

function nameIn(prefix: ActivePrefix | undefined, path: PathBytes): Buffer {
  if (!prefix) return path;
  const start = Buffer.from(`%${prefix.name.toString('latin1')}%`, 'latin1');
  if (path.equals(prefix.path)) return start;
  return Buffer.concat([
    start,
    prefix.path.length === 1 ? path : path.subarray(prefix.path.length),
  ]);
}

// Compares byte for byte as csync2 does, because the path of a prefix may contain empty components.
function isAbove(directory: PathBytes, path: PathBytes): boolean {
  const { length } = directory;
  return (
    length < path.length && path[length] === 0x2f && path.subarray(0, length).equals(directory)
  );
}

function stepsTo(path: PathBytes): PathBytes[] {
  let step: PathBytes = Buffer.from('/');
  const steps = [step];
  for (const component of path.toString('latin1').split('/')) {
    if (component === '') continue;
    step = join(step, Buffer.from(component, 'latin1'));
    steps.push(step);
  }
  return steps;
}
