import { closeSync, constants, lstatSync, openSync } from 'node:fs';
import { isShortage } from '../../proc/shortage.js';
import {
  fromKey,
  isWithin,
  join,
  type PathBytes,
  type PathKey,
  toKey,
} from '../../text/path-bytes.js';
import type { MountMemory } from './mount-memory.js';
import type { MountTable } from './mount-table.js';
import {
  type Judgement,
  judgePlace,
  type PlaceKnowledge,
  type RootState,
  rootStateText,
} from './place-judgement.js';
import { lookAtPlace } from './place-look.js';

export { type RootState, rootStateText };

/** A place that is guarded, and its state. */
export interface GuardedRoot {
  readonly path: PathBytes;
  readonly state: RootState;
  /** Set if the place is a mount point that no include names. */
  readonly isMount?: true;
  /** Why it is unreadable: `EIO`. */
  readonly errno?: string;
  /** When it was last seen to be present, in this run; milliseconds since 1970. */
  readonly seenAt?: number;
  /** The place is present only because an administrator has accepted it as it is. */
  readonly isAccepted?: true;
}

/** The state of a place, for people. */
export function rootText({ state, errno }: Pick<GuardedRoot, 'state' | 'errno'>): string {
  return errno === undefined ? rootStateText[state] : `${rootStateText[state]} (${errno})`;
}

/**
 * csync2's knowledge of files, as far as the guard asks. `orPending`: also counts files that are
 * pending for a peer, though csync2 may have forgotten them.
 */
export interface KnownFiles {
  knows?(path: PathBytes): boolean;
  countWithin(path: PathBytes, limit: number, orPending?: boolean): number;
  childrenOf(
    directory: PathBytes,
    limit: number,
    orPending?: boolean,
  ): readonly { readonly name: Buffer }[];
}

/** The source of the guard's knowledge of mounts. */
export interface GuardedMounts {
  /** Reads the mounts of now; the same object as before if nothing has changed. */
  read(): MountTable;
  readonly memory: MountMemory;
  /** Whether something at or below a path may be synchronised. */
  concerns(path: PathBytes): boolean;
  /**
   * Whether a place that is there again may be checked. It may not before the files that came to it
   * unseen are noted. The guard asks again at each look.
   */
  mayReturn?(path: PathBytes): boolean;
  /**
   * Called before a look as long as some place is away, so that files that come there unseen are
   * noted.
   */
  onAway?(): void;
  /**
   * Called when the mounts could not be read, or the memory could not be written. The old knowledge
   * stays in force.
   */
  onTrouble?(error: unknown): void;
}

/**
 * Keeps checks and updates away from missing places. csync2 takes every file it can't see for
 * deleted and deletes it on all peers, so an unmounted disk would empty the cluster. The guard
 * watches the included directories and every mount point in them.
 */
export class RootGuard {
  readonly #known: KnownFiles | undefined;
  readonly #onChange: (root: GuardedRoot) => void;
  readonly #mounts: GuardedMounts | undefined;
  readonly #places = new Map<PathKey, GuardedPlace>();
  readonly #accepted = new Set<PathKey>();
  #table: MountTable = new Map();
  #away: readonly GuardedPlace[] = [];

  /**
   * @param roots - the outermost included directories; files and wildcard parents need no guard
   * @param known - csync2's knowledge of files; undefined if its database can't be read
   * @param onChange - called when a place goes or comes back
   * @param mounts - undefined if the guard does not look at mounts
   */
  constructor(
    roots: readonly PathBytes[],
    known: KnownFiles | undefined,
    onChange: (root: GuardedRoot) => void = () => {},
    mounts?: GuardedMounts,
  ) {
    this.#known = known;
    this.#onChange = onChange;
    this.#mounts = mounts;
    for (const path of roots) this.#places.set(toKey(path), newPlace(path, true));
  }

  /** Looks at all places now, and reports those whose state has changed. */
  look(): void {
    if (!this.whole) this.#mounts?.onAway?.();
    const before = new Map([...this.#places.values()].map((place) => [place, place.state]));
    this.#judgeAll();
    const isNews = (place: GuardedPlace) => place.state !== (before.get(place) ?? 'present');
    // An automounter mounts at a look, and a table that is read while it changes may lack a line.
    if (this.#away.some((place) => place.state === 'unmounted' && isNews(place))) this.#judgeAll();
    this.#attempt((mounts) => mounts.memory.save());
    const changed = [...this.#places.values()].filter(isNews).map(shown);
    for (const [key, place] of this.#places) if (place.isIdle) this.#places.delete(key);
    for (const root of changed) this.#onChange(root);
  }

  /** Places, with their state as of the last {@link look}. */
  states(): readonly GuardedRoot[] {
    return [...this.#places.values()].map(shown);
  }

  /** Whether every place is present. */
  get whole(): boolean {
    return this.#away.length === 0;
  }

  /**
   * Whether a check of `path` could take a guarded place for deleted. A recursive check must not
   * start above such a place either.
   */
  forbids(path: PathBytes, recursive: boolean): boolean {
    return this.#away.some(
      (place) => isWithin(path, place.path) || (recursive && isWithin(place.path, path)),
    );
  }

  /** Whether a path lies at or below a missing place. A place that returns is no longer missing. */
  isAway(path: PathBytes): boolean {
    return this.#away.some((place) => place.state !== 'returning' && isWithin(path, place.path));
  }

  /** Places at and below a path that are not present. */
  awayWithin(path: PathBytes): readonly PathBytes[] {
    return this.#away.filter((place) => isWithin(place.path, path)).map((place) => place.path);
  }

  /**
   * Keeps the file systems around these paths from being unmounted, by an open file descriptor of
   * each root directory (except for `umount -l`, and for a file system that dies). Then looks at
   * all places, and reports those that have already gone.
   *
   * @returns the function that lets the mounts go; call it within moments, because until then an
   * unmount fails with a busy target
   */
  pin(paths: readonly PathBytes[]): () => void {
    const around = [...this.#places.values()].filter(
      (place) =>
        this.#table.has(toKey(place.path)) &&
        place.state === 'present' &&
        paths.some((path) => isWithin(path, place.path)),
    );
    const fds = around.flatMap(({ path }) => openDirectory(path) ?? []);
    const letGo = () => {
      for (const fd of fds) closeSync(fd);
    };
    try {
      this.look();
    } catch (error) {
      letGo();
      throw error;
    }
    return letGo;
  }

  /**
   * Accepts a place as it is now, on the word of an administrator. Its mounts at and below it are
   * forgotten, and an empty or replaced directory passes until csync2 has noted its state.
   */
  allow(path: PathBytes): void {
    this.look();
    for (const place of this.#away) {
      const key = toKey(place.path);
      const isUnmounted = place.state === 'unmounted';
      if (isUnmounted && isWithin(place.path, path)) {
        this.#mounts?.memory.forget(key);
        place.isMeant = true;
      }
      const hasContents =
        place.state === 'emptied' || place.state === 'replaced' || (isUnmounted && place.isRoot);
      if (hasContents && place.path.equals(path)) this.#accept(key);
    }
    this.look();
  }

  #accept(key: PathKey): void {
    if (this.#mounts) this.#mounts.memory.accept(key);
    else this.#accepted.add(key);
  }

  #judgeAll(): void {
    this.#arrange();
    for (const [key, place] of this.#places) this.#judge(key, place);
    this.#away = this.#notPresent();
    // Only now is it known which places below each one are away.
    for (const place of this.#places.values()) this.#letReturn(place);
    this.#away = this.#notPresent();
  }

  #notPresent(): readonly GuardedPlace[] {
    return [...this.#places.values()].filter(({ state }) => state !== 'present');
  }

  #letReturn(place: GuardedPlace): void {
    if (place.state !== 'present') {
      place.mayReturn = false;
      return;
    }
    place.mayReturn ||= place.isMeant || (this.#mounts?.mayReturn?.(place.path) ?? true);
    if (place.mayReturn) place.seenAt = Date.now();
    else place.state = 'returning';
  }

  /** Makes a place of every present and past mount point. */
  #arrange(): void {
    if (!this.#mounts) return;
    const { memory } = this.#mounts;
    const before = this.#table;
    this.#attempt(({ read }) => {
      this.#table = read();
    });
    if (this.#table !== before) for (const key of this.#table.keys()) this.#addMountPoint(key);
    for (const key of memory.points) this.#addMountPoint(key);
  }

  #addMountPoint(key: PathKey): void {
    if (key === '/' || this.#places.has(key)) return;
    const path = fromKey(key);
    if (this.#mounts?.concerns(path)) this.#places.set(key, newPlace(path, false));
  }

  #judge(key: PathKey, place: GuardedPlace): void {
    const mount = this.#table.get(key);
    const remembered = this.#mounts?.memory.mounted(key);
    place.isIdle = !place.isRoot && !mount && remembered === undefined;
    if (place.isIdle) place.state = 'present';
    // There is nothing to look at while the place is not mounted.
    if (place.isIdle || (place.state === 'unmounted' && !mount && remembered !== undefined)) return;
    const seen = lookAtPlace(place.path);
    const { isRoot, last } = place;
    const judgement = judgePlace(
      { isRoot, seen, mount, remembered, last },
      this.#knowledgeOf(key, place),
    );
    if (judgement.isForgotten) this.#mounts?.memory.forget(key);
    place.state = this.#stateAfterAll(key, judgement);
    if (place.state !== 'present') place.isMeant = false;
    else if (judgement.state !== 'present') place.isMeant = true;
    place.errno = seen.kind === 'unreadable' ? seen.errno : undefined;
    if (place.state !== 'present') return;
    place.sample = undefined;
    if (judgement.identity === undefined) return;
    place.last = { identity: judgement.identity, mountId: mount?.id };
    if (mount) this.#mounts?.memory.remember(key, judgement.identity);
  }

  /** The state after an administrator's acceptance. */
  #stateAfterAll(key: PathKey, { state }: Judgement): RootState {
    if (state === 'present') {
      this.#accepted.delete(key);
      this.#mounts?.memory.endAcceptance(key);
    }
    return this.#isAccepted(key) && (state === 'emptied' || state === 'replaced')
      ? 'present'
      : state;
  }

  #isAccepted(key: PathKey): boolean {
    return this.#accepted.has(key) || (this.#mounts?.memory.isAccepted(key) ?? false);
  }

  #knowledgeOf(key: PathKey, place: GuardedPlace): PlaceKnowledge | undefined {
    const known = this.#known;
    if (!known) return undefined;
    const { path } = place;
    const sample = (orPending: boolean) =>
      spread(known.childrenOf(path, childrenLimit, orPending), sampleSize);
    return {
      count: (orPending) => known.countWithin(path, 3, orPending),
      isAny: () => known.countWithin(path, 2, true) > (known.knows?.(path) ? 1 : 0),
      isMostlyThere: (orPending) => {
        // The sample is kept, so that a look every second does not burden csync2's database.
        place.sample ??= sample(orPending);
        const names = this.#isAccepted(key) ? sample(orPending) : place.sample;
        return names.filter(({ name }) => exists(join(path, name))).length * 2 >= names.length;
      },
    };
  }

  #attempt(action: (mounts: GuardedMounts) => void): void {
    if (!this.#mounts) return;
    try {
      action(this.#mounts);
    } catch (error) {
      if (isShortage(error)) throw error;
      this.#mounts.onTrouble?.(error);
    }
  }
}

interface GuardedPlace {
  readonly path: PathBytes;
  readonly isRoot: boolean;
  state: RootState;
  errno: string | undefined;
  last: { readonly identity: string; readonly mountId: number | undefined } | undefined;
  /** Names that should be there, kept as long as the place is another one. */
  sample: readonly { readonly name: Buffer }[] | undefined;
  seenAt: number | undefined;
  /** No file has come to the place unseen, or csync2 has noted them all. */
  mayReturn: boolean;
  /** An administrator has accepted the place as it is. */
  isMeant: boolean;
  /** Neither a root nor a mount point, so nothing could be missed. */
  isIdle: boolean;
}

function newPlace(path: PathBytes, isRoot: boolean): GuardedPlace {
  return {
    path,
    isRoot,
    state: 'present',
    errno: undefined,
    last: undefined,
    sample: undefined,
    seenAt: undefined,
    mayReturn: false,
    isMeant: false,
    isIdle: false,
  };
}

function shown({ path, state, isRoot, isMeant, errno, seenAt }: GuardedPlace): GuardedRoot {
  return {
    path,
    state,
    ...(isMeant ? { isAccepted: true } : {}),
    ...(isRoot ? {} : { isMount: true }),
    ...(errno === undefined ? {} : { errno }),
    ...(seenAt === undefined ? {} : { seenAt }),
  };
}

function openDirectory(path: PathBytes): number | undefined {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  try {
    return openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch {
    // The next look fails in the same way.
    return undefined;
  }
}

function exists(path: PathBytes): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

/**
 * Takes items from all over a list, because names that sort together are often deleted together.
 */
function spread<Item>(items: readonly Item[], count: number): readonly Item[] {
  const step = Math.max(1, Math.ceil(items.length / count));
  return items.filter((_, index) => index % step === 0);
}

const childrenLimit = 5000;
const sampleSize = 200;
