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
  /** Of a mount point that no include names. */
  readonly isMount?: true;
  /** Why it is unreadable: `EIO`. */
  readonly errno?: string;
  /** When it was last seen to be present, in this run; milliseconds since 1970. */
  readonly seenAt?: number;
  /** It is present only because somebody has said that it is meant to be as it is. */
  readonly isAccepted?: true;
}

/** The state of a place, for people. */
export function rootText({ state, errno }: Pick<GuardedRoot, 'state' | 'errno'>): string {
  return errno === undefined ? rootStateText[state] : `${rootStateText[state]} (${errno})`;
}

/**
 * What csync2 remembers, as far as the guard asks. `orPending`: or what is pending for a peer,
 * though csync2 may have forgotten it.
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

/** Where the guard learns of mounts. */
export interface GuardedMounts {
  /** What is mounted now; the same object as before if nothing has changed. */
  read(): MountTable;
  readonly memory: MountMemory;
  /** Whether something at or below a path may be synchronised. */
  concerns(path: PathBytes): boolean;
  /**
   * Whether a place that is there again may be checked: not before what has come to it unseen is
   * noted. It is asked again at each look.
   */
  mayReturn?(path: PathBytes): boolean;
  /** Called before a look as long as some place is away: what comes there unseen is to be noted. */
  onAway?(): void;
  /**
   * What is mounted could not be read, or what is remembered not be written down. What was known
   * stays in force.
   */
  onTrouble?(error: unknown): void;
}

/**
 * Keeps checks and updates away from what isn't there. csync2 takes every file it can't see for
 * deleted and deletes it on all peers: an unmounted disk would empty the cluster. Guarded are the
 * included directories and every mount point in them.
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
   * @param known - what csync2 remembers; undefined where its database can't be read
   * @param onChange - told when a place goes or comes back
   * @param mounts - undefined: mounts are not looked at
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

  /** Looks at all places now, and tells those whose state has changed. */
  look(): void {
    if (!this.whole) this.#mounts?.onAway?.();
    const before = new Map([...this.#places.values()].map((place) => [place, place.state]));
    this.#judgeAll();
    const isNews = (place: GuardedPlace) => place.state !== (before.get(place) ?? 'present');
    // An automounter mounts when somebody looks, and a table that is read while it changes may lack
    // a line.
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
   * Whether a check of `path` could take a guarded place for deleted. A recursive one also may not
   * start above it.
   */
  forbids(path: PathBytes, recursive: boolean): boolean {
    return this.#away.some(
      (place) => isWithin(path, place.path) || (recursive && isWithin(place.path, path)),
    );
  }

  /** Whether a path lies at or below a place that is not there; one that returns is. */
  isAway(path: PathBytes): boolean {
    return this.#away.some((place) => place.state !== 'returning' && isWithin(path, place.path));
  }

  /** Places at and below a path that are not present. */
  awayWithin(path: PathBytes): readonly PathBytes[] {
    return this.#away.filter((place) => isWithin(place.path, path)).map((place) => place.path);
  }

  /**
   * Keeps what is mounted around these paths from being unmounted (but for `umount -l`, and for a
   * file system that dies), by having its root directory open. Then looks at all places: one that
   * has gone before is told.
   *
   * @returns what lets go; to be called within moments, since an unmount meanwhile fails with a
   *   busy target
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
   * Takes a place as it is now, since somebody said that it is meant: what was mounted at it and
   * below it is forgotten, and an empty or replaced directory passes until csync2 has taken note of
   * it.
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
    // Only now is it known what is away below each.
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

  /** Every mount point becomes a place, and everything that was one. */
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
    // As long as it is not mounted, there is nothing to be asked.
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

  /** With what somebody has accepted. */
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
        // While it is looked at every second, csync2's database is left alone.
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
  /** Names that should be there, as long as it is another one. */
  sample: readonly { readonly name: Buffer }[] | undefined;
  seenAt: number | undefined;
  /** Nothing has come to it unseen, or csync2 has been told. */
  mayReturn: boolean;
  /** Somebody has said that it is meant to be as it is. */
  isMeant: boolean;
  /** Neither a root nor a mount point: nothing would be missed. */
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
    // The look that follows sees the same.
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

/** Items from all over a list: names that sort together are often deleted together. */
function spread<Item>(items: readonly Item[], count: number): readonly Item[] {
  const step = Math.max(1, Math.ceil(items.length / count));
  return items.filter((_, index) => index % step === 0);
}

const childrenLimit = 5000;
const sampleSize = 200;
