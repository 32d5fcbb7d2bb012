/**
 * A second opinion on the tree, from the operations alone: which directories must be watched in the
 * end and which paths records must have named. It knows paths, nothing of events, descriptors or
 * looks. Pure.
 */

/** Where the watcher's root lies in the model world (native/test/tree_world.cc). */
const root = '/w';

type Entry = { readonly kind: 'directory' } | { readonly kind: 'file'; readonly version: number };

/** Something that happened, in order: an operation, a record, or the end of the first walk. */
export type Happening =
  | { readonly kind: 'operation'; readonly words: readonly string[] }
  | { readonly kind: 'file' | 'touch' | 'tree'; readonly path: string }
  | { readonly kind: 'loss' | 'walked' };

export interface Run {
  /** Directories that are there at the beginning, besides the root and one outside. */
  readonly prepared: readonly string[];
  readonly happenings: readonly Happening[];
  /** What the watcher says that it watches when nothing is left to do. */
  readonly watched: readonly string[];
}

/** What is wrong with a run, one sentence each. Empty: it is as it should be. */
export function faultsOf(run: Run): string[] {
  const files = new FileSystem(run.prepared);
  const changed = new Map<string, number>();
  const rewritten = new Map<string, number>();
  const faults: string[] = [];
  run.happenings.forEach((happening, at) => {
    if (happening.kind === 'operation') {
      const before = files.snapshot();
      if (!files.run(happening.words)) faults.push(`"${happening.words.join(' ')}" can't be done`);
      for (const path of differences(before, files.snapshot())) {
        changed.set(path, at);
        if (!isSameContent(before.get(path), files.snapshot().get(path))) rewritten.set(path, at);
      }
    } else if ('path' in happening && !isAccountable(happening.path, changed)) {
      faults.push(`a record of ${happening.path}, where nothing has changed`);
    }
  });
  for (const [path, at] of changed) {
    if (!run.happenings.slice(at + 1).some((happening) => covers(happening, path)))
      faults.push(`no record covers ${path} after its last change`);
  }
  for (const [path, at] of rewritten) {
    const later = run.happenings.slice(at + 1).filter(({ kind }) => kind !== 'touch');
    if (!later.some((happening) => covers(happening, path)))
      faults.push(`nothing tells that ${path} has other content`);
  }
  const wanted = ['/', ...files.directoriesBelow(root)].sort();
  const watched = [...run.watched].sort();
  if (wanted.join() !== watched.join())
    faults.push(`watched are ${watched.join(' ')} instead of ${wanted.join(' ')}`);
  return faults;
}

const kinds = { F: 'file', W: 'file', V: 'file', T: 'touch', R: 'tree' } as const;

/** The runs that `tree_test tell-…` prints, see native/test/teller.h. */
export function* runsOf(text: string): Generator<Run> {
  let prepared: string[] = [];
  let happenings: Happening[] = [];
  for (const line of text.split('\n')) {
    const [word, ...rest] = line.trimStart().split(' ');
    if (word === 'tree') {
      prepared = rest;
      happenings = [];
    } else if (word === 'watched') yield { prepared, happenings, watched: rest };
    else if (word === 'walked') happenings.push({ kind: 'walked' });
    else if (word === 'A') happenings.push({ kind: 'loss' });
    else if (word !== undefined && word in kinds)
      happenings.push({ kind: kinds[word as keyof typeof kinds], path: rest.join(' ') });
    else if (line.startsWith('  '))
      happenings.push({ kind: 'operation', words: line.trim().split(' ') });
    else if (line !== '') throw new RangeError(`unknown line: ${line}`);
  }
}

/**
 * A record may name what was never there, when directories above it have changed places meanwhile:
 * it is a hint, and csync2 looks. But something must have happened there or above.
 */
function isAccountable(path: string, changed: ReadonlyMap<string, number>): boolean {
  for (let at = path; at.length > root.length; at = parentOf(at)) if (changed.has(at)) return true;
  return false;
}

/** A check that csync2 makes because of it, right then, sees what is at the path. */
function covers(happening: Happening, path: string): boolean {
  if (happening.kind === 'operation') return false;
  if (!('path' in happening)) return true;
  return (
    happening.path === path || (happening.kind === 'tree' && path.startsWith(`${happening.path}/`))
  );
}

class FileSystem {
  #entries = new Map<string, Entry>();
  #versions = 0;

  constructor(prepared: readonly string[]) {
    for (const path of [root, '/o', ...prepared]) this.#entries.set(path, { kind: 'directory' });
  }

  /** False, and nothing done, where the system call would fail. */
  run([name, path, other]: readonly string[]): boolean {
    if (path === undefined) return false;
    switch (name) {
      case 'mkdir':
        return this.#isFree(path) && this.#put(path, { kind: 'directory' });
      case 'create':
        return this.#isFree(path) && this.#put(path, { kind: 'file', version: ++this.#versions });
      case 'write':
        return this.#write(path);
      case 'chmod':
        return this.#change(path);
      case 'rmdir':
        return this.#is(path, 'directory') && this.#isEmpty(path) && this.#entries.delete(path);
      case 'unlink':
        return this.#is(path, 'file') && this.#entries.delete(path);
      case 'mv':
        return other !== undefined && this.#move(path, other);
      case 'exchange':
        return other !== undefined && this.#exchange(path, other);
      default:
        throw new RangeError(`unknown operation ${name}`);
    }
  }

  directoriesBelow(top: string): string[] {
    return [...this.#entries.keys()].filter(
      (path) => (path === top || path.startsWith(`${top}/`)) && this.#is(path, 'directory'),
    );
  }

  snapshot(): ReadonlyMap<string, Entry> {
    return new Map(this.#entries);
  }

  #is(path: string, kind: Entry['kind']): boolean {
    return this.#entries.get(path)?.kind === kind;
  }

  #isFree(path: string): boolean {
    return !this.#entries.has(path) && this.#is(parentOf(path), 'directory');
  }

  #isEmpty(path: string): boolean {
    return ![...this.#entries.keys()].some((other) => other.startsWith(`${path}/`));
  }

  #put(path: string, entry: Entry): true {
    this.#entries.set(path, entry);
    return true;
  }

  #write(path: string): boolean {
    if (!this.#is(path, 'file') && !this.#isFree(path)) return false;
    return this.#put(path, { kind: 'file', version: ++this.#versions });
  }

  #change(path: string): boolean {
    const entry = this.#entries.get(path);
    return entry !== undefined && this.#put(path, { ...entry });
  }

  #move(from: string, to: string): boolean {
    const moved = this.#entries.get(from);
    if (!moved || from === to || !this.#is(parentOf(to), 'directory') || to.startsWith(`${from}/`))
      return false;
    const target = this.#entries.get(to);
    if (target && (target.kind !== moved.kind || !this.#isEmpty(to))) return false;
    this.#place(this.#take(from), to);
    return true;
  }

  #exchange(left: string, right: string): boolean {
    if (!this.#entries.has(left) || !this.#entries.has(right)) return false;
    if (left === right || left.startsWith(`${right}/`) || right.startsWith(`${left}/`))
      return false;
    const [one, two] = [this.#take(left), this.#take(right)];
    this.#place(one, right);
    this.#place(two, left);
    return true;
  }

  /** An entry and all below it, by what follows its path. */
  #take(path: string): [string, Entry][] {
    const taken: [string, Entry][] = [];
    for (const [at, entry] of this.#entries) {
      if (at !== path && !at.startsWith(`${path}/`)) continue;
      taken.push([at.slice(path.length), entry]);
      this.#entries.delete(at);
    }
    return taken;
  }

  #place(taken: readonly [string, Entry][], path: string): void {
    for (const [rest, entry] of taken) this.#entries.set(path + rest, entry);
  }
}

/** Paths below the root at which something else is than before. */
function differences(
  before: ReadonlyMap<string, Entry>,
  after: ReadonlyMap<string, Entry>,
): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (path) => path.startsWith(`${root}/`) && before.get(path) !== after.get(path),
  );
}

function isSameContent(one: Entry | undefined, other: Entry | undefined): boolean {
  if (one?.kind !== 'file' || other?.kind !== 'file')
    return one?.kind === other?.kind && one !== undefined;
  return one.version === other.version;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
