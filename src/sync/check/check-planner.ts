import type { BigIntStats } from 'node:fs';
import type { KnownTree } from '../../csync2/database/known-tree.js';
import type { Ledger } from '../../csync2/database/ledger.js';
import { checkTextOf } from '../../csync2/files/check-text.js';
import { type PathBytes, parentOf, toKey } from '../../text/path-bytes.js';
import type { ArrivalView, LookAtArrivals } from '../arrivals/arrivals.js';
import type { Batch } from '../common/batch.js';
import { lookAt, statOf } from '../common/stat-of.js';
import type { ChangedEntry, SurveyOptions } from '../common/survey.js';
import type { FileMemory } from '../memory/file-memory.js';
import { changedAt, type FileStamp, stampOf } from '../memory/file-stamp.js';
import type { OverlookedChanges, Verdict } from '../memory/overlooked-changes.js';
import type { FailedPath } from './failed-path.js';
import type { HardLinks, LinkedFile } from './hard-links.js';
import type { PostponedPath } from './postponed-paths.js';

/**
 * The plan of {@link CheckPlanner} for one batch: the paths that csync2 checks, and those that are
 * marked without a check.
 */
export interface CheckPlan {
  /** Paths to check with everything below them. */
  readonly trees: readonly PathBytes[];
  /** Paths to check alone. */
  readonly files: readonly PathBytes[];
  /** Paths to mark without a check, because a check would overlook their change. */
  readonly overlooked: readonly PathBytes[];
  readonly sockets: readonly PathBytes[];
  /** Paths that are being received right now. */
  readonly postponed: readonly PostponedPath[];
  /** The files among `postponed` whose sender may have died in the middle of them. */
  readonly halfReceived: readonly PathBytes[];
  /** Paths that may exist, but can't be looked at. */
  readonly unreadable: readonly FailedPath[];
  /** Files with other names, of which only this one is known to have changed. */
  readonly linked: readonly LinkedFile[];
  /** What files were like when the plan was made. */
  readonly stamps: readonly PlannedStamp[];
  /** Number of paths that need no check. */
  readonly skipped: number;
  /** When the plan was complete, milliseconds since 1970. */
  readonly madeAt: number;
}

/** A file at the time of the plan. */
export interface PlannedStamp {
  readonly path: PathBytes;
  readonly stamp: FileStamp;
  /** No event has told of other content. */
  readonly isTrusted: boolean;
}

/** The parts of {@link CheckPlanner}. `ledger` is undefined if the database is not SQLite. */
export interface CheckPlannerParts {
  readonly ledger:
    | (Pick<Ledger, 'reading'> & { readonly tree: Pick<KnownTree, 'knows' | 'countWithin'> })
    | undefined;
  readonly memory: Pick<FileMemory, 'remember' | 'rememberMarked' | 'rememberTouched'>;
  readonly changes: Pick<OverlookedChanges, 'judge' | 'marked' | 'mustStillBeMarked'>;
  readonly arrivals: LookAtArrivals;
  readonly survey: (
    paths: readonly PathBytes[],
    options: SurveyOptions,
  ) => Promise<{ readonly changed: readonly ChangedEntry[] }>;
  /**
   * Since when files may have changed unseen, in trees that are only looked at once more;
   * milliseconds since 1970.
   */
  readonly unseenSince: () => number;
  /** Whether a change at this time may have gone unseen. */
  readonly mayBeUnseen: (time: number) => boolean;
  /** Undefined if the full check finds the other names of a file. */
  readonly links?: Pick<HardLinks, 'seen' | 'changed'>;
}

/** Looks at the changed paths and at csync2's notes of them, and decides how csync2 must look. */
export class CheckPlanner {
  readonly #parts: CheckPlannerParts;

  constructor(parts: CheckPlannerParts) {
    this.#parts = parts;
  }

  /**
   * Plans a check; call it in a database window.
   *
   * @param waits - whether files that are being received may be left for later
   */
  async plan(batch: Batch, waits: boolean, signal: AbortSignal): Promise<CheckPlan> {
    const plan: Plan = {
      ...emptyPlan(),
      arrivals: this.#parts.arrivals(),
      waits,
      trusted: batch.trusted,
      isSweep: false,
    };
    this.#inPortions(batch.trees, (path) => this.#planTree(plan, path));
    this.#inPortions(batch.files, (path) => this.#planFile(plan, path));
    this.#inPortions(batch.covered, (path) => this.#planCovered(plan, path));
    await this.#planBelow(plan, signal);
    // A new directory may have been reported itself, and a reported file is met in its tree as
    // well.
    const files = eachOnce([...plan.parents.values(), ...plan.files]);
    return { ...plan, files, overlooked: eachOnce(plan.overlooked), madeAt: Date.now() };
  }

  /**
   * Plans a part of a full check. csync2 looks at all paths itself, so this finds only the changes
   * that csync2 overlooks.
   */
  async planSweep(
    paths: readonly PathBytes[],
    {
      recursive,
      unseenSince,
      signal,
    }: { recursive: boolean; unseenSince: number; signal: AbortSignal },
  ): Promise<CheckPlan> {
    const arrivals = { ...this.#parts.arrivals(), isComplete: false };
    const plan: Plan = { ...emptyPlan(), arrivals, waits: true, trusted: new Set(), isSweep: true };
    const changedSince = nanoseconds(unseenSince);
    await this.#planSurveyed(plan, paths, { recursive, changedSince, signal });
    return { ...plan, madeAt: Date.now() };
  }

  /**
   * Remembers what the files were like just before csync2 looked, because later changes have events
   * of their own. A file that could not be marked must still be marked.
   *
   * @param unchecked - paths that csync2 has not looked at after all
   */
  remember(plan: CheckPlan, unchecked: readonly PathBytes[]): void {
    const { memory, changes } = this.#parts;
    const overlooked = new Set(plan.overlooked.map(toKey));
    const failures = new Set(unchecked.map(toKey));
    for (const { path, stamp, isTrusted } of plan.stamps) {
      const key = toKey(path);
      if (failures.has(key)) {
        if (overlooked.has(key)) changes.mustStillBeMarked(path);
      } else {
        if (overlooked.has(key)) memory.rememberMarked(path, stamp, plan.madeAt);
        if (isTrusted) memory.rememberTouched(path, stamp);
        else {
          memory.remember(path, stamp);
          changes.marked(path);
        }
      }
    }
  }

  #inPortions<Item>(items: readonly Item[], task: (item: Item) => void): void {
    const { ledger } = this.#parts;
    for (let at = 0; at < items.length; at += questionsAtOnce) {
      const portion = () => items.slice(at, at + questionsAtOnce).forEach(task);
      if (ledger) ledger.reading(portion);
      else portion();
    }
  }

  #planTree(plan: Plan, path: PathBytes): void {
    const stat = this.#look(plan, path, true);
    if (stat === 'unreadable') return;
    const changed = stat ? Number(stat.ctimeMs) : 0;
    const { arrivals } = plan;
    if (
      plan.waits &&
      (arrivals.isArrivingWithin(path, changed) || (!stat && arrivals.isEmptied(path)))
    ) {
      plan.postponed.push({ path, recursive: true, isTrusted: plan.trusted.has(toKey(path)) });
    } else if (this.#isNothing(path, stat)) plan.skipped++;
    else {
      plan.trees.push(path);
      if (stat) this.#addUnknownParents(path, plan.parents);
    }
  }

  #planFile(plan: Plan, path: PathBytes): void {
    const stat = this.#look(plan, path, false);
    if (stat === 'unreadable') return;
    if (!stat && plan.waits && plan.arrivals.isEmptied(path)) {
      plan.postponed.push({ path, recursive: false, isTrusted: plan.trusted.has(toKey(path)) });
    } else if (this.#isNothing(path, stat)) plan.skipped++;
    else if (!stat) (this.#mayHaveBeenDirectory(path) ? plan.trees : plan.files).push(path);
    else if (stat.isSocket()) plan.sockets.push(path);
    else if (!stat.isDirectory() && this.#wasDirectory(path)) plan.trees.push(path);
    else this.#planPresent(plan, path, stat);
  }

  #planPresent(plan: Plan, path: PathBytes, stat: BigIntStats): void {
    const stamp = stampOf(stat);
    const isTrusted = plan.trusted.has(toKey(path));
    const verdict = this.#judge(plan, path, stamp, {
      isTrusted,
      isReported: true,
      text: checkTextOf(stat),
    });
    this.#noteLinks(plan, path, stat, verdict);
    switch (verdict) {
      case 'later':
        plan.postponed.push({ path, recursive: false, isTrusted });
        return;
      case 'nothing':
        plan.skipped++;
        return;
      case 'overlooked':
        plan.overlooked.push(path);
        break;
      case 'check':
        plan.files.push(path);
        break;
      case 'both':
        plan.files.push(path);
        plan.overlooked.push(path);
    }
    this.#addUnknownParents(path, plan.parents);
  }

  /**
   * Plans a path whose tree is checked. Only a change that csync2 would overlook there needs a mark
   * of its own.
   */
  #planCovered(plan: Plan, path: PathBytes): void {
    const stat = statOf(path);
    const isTrusted = plan.trusted.has(toKey(path));
    if (!stat) return;
    const verdict = this.#planInTree(plan, path, stampOf(stat), { isTrusted, isReported: true });
    this.#noteLinks(plan, path, stat, verdict);
  }

  #noteLinks(plan: Plan, path: PathBytes, stat: BigIntStats, verdict: Verdict | 'later'): void {
    if (stat.nlink < 2n || !stat.isFile()) return;
    const { dev: device, ino: inode, ctimeNs, mtimeNs } = stat;
    const file = { path, device, inode, ctimeNs, links: Number(stat.nlink) };
    this.#parts.links?.seen(file);
    // A second name was given to a file that was written long ago: no one has changed the content
    // of the first one.
    const isOnlyNamed =
      ctimeNs - mtimeNs > namedNs && this.#parts.ledger?.tree.knows(path) === false;
    if (verdict !== 'nothing' && verdict !== 'later' && !isOnlyNamed) plan.linked.push(file);
  }

  /**
   * Looks at a path. A path that can't be looked at is left for later, because csync2 would take it
   * for deleted.
   */
  #look(plan: Plan, path: PathBytes, recursive: boolean): BigIntStats | undefined | 'unreadable' {
    const sight = lookAt(path);
    if (sight.kind !== 'unreadable') return sight.kind === 'there' ? sight.stat : undefined;
    // csync2 could never look at the path, and never knew it.
    const isBeyondReach = sight.errno === 'ENAMETOOLONG' && !this.#parts.ledger?.tree.knows(path);
    if (isBeyondReach) plan.skipped++;
    else plan.unreadable.push({ path, recursive, outcome: 'unreadable', text: sight.errno });
    return 'unreadable';
  }

  /**
   * Plans the files in the trees: all of them if the tree may have been replaced, else only those
   * that have changed since they were seen.
   */
  async #planBelow(plan: Plan, signal: AbortSignal): Promise<void> {
    const isTrusted = (path: PathBytes) => plan.trusted.has(toKey(path));
    const doubted = plan.trees.filter((path) => !isTrusted(path));
    await this.#planSurveyed(plan, doubted, { recursive: true, changedSince: 0n, signal });
    const changedSince = nanoseconds(this.#parts.unseenSince());
    await this.#planSurveyed(plan, plan.trees.filter(isTrusted), {
      recursive: true,
      changedSince,
      signal,
    });
  }

  async #planSurveyed(
    plan: Plan,
    paths: readonly PathBytes[],
    options: SurveyOptions,
  ): Promise<void> {
    if (paths.length === 0) return;
    const { mayBeUnseen, survey } = this.#parts;
    const { changed } = await survey(paths, options);
    const isAll = options.changedSince === 0n;
    const unseen = isAll ? changed : changed.filter((entry) => mayBeUnseen(changedAt(entry)));
    this.#inPortions(unseen, (entry) => {
      if (entry.type === 'file' && entry.links > 1) this.#parts.links?.seen(entry);
      this.#planInTree(plan, entry.path, entry, { isTrusted: false, isReported: false });
    });
  }

  #planInTree(
    plan: Plan,
    path: PathBytes,
    stamp: FileStamp,
    how: { isTrusted: boolean; isReported: boolean },
  ): Verdict | 'later' {
    const verdict = this.#judge(plan, path, stamp, how);
    if (verdict === 'later')
      plan.postponed.push({ path, recursive: false, isTrusted: how.isTrusted });
    else if (verdict === 'overlooked' || verdict === 'both') plan.overlooked.push(path);
    return verdict;
  }

  #judge(
    plan: Plan,
    path: PathBytes,
    stamp: FileStamp,
    {
      isTrusted,
      isReported,
      text,
    }: { isTrusted: boolean; isReported: boolean; text?: string | undefined },
  ): Verdict | 'later' {
    const { arrival, account } = plan.arrivals.judge(path, stamp, isReported);
    if (plan.waits && arrival === 'half-received') plan.halfReceived.push(path);
    if (plan.waits && (arrival === 'arriving' || arrival === 'half-received')) return 'later';
    const verdict = this.#parts.changes.judge(path, stamp, {
      // A file that has waited too long counts as changed here.
      isReceived: arrival === 'received',
      account,
      isTrusted,
      tellsAll: plan.arrivals.isComplete,
      isSweep: plan.isSweep,
      text,
    });
    plan.stamps.push({ path, stamp, isTrusted });
    return verdict;
  }

  /** Gone, and csync2 never knew it: its temporary files on both sides end here. */
  #isNothing(path: PathBytes, stat: BigIntStats | undefined): boolean {
    const { ledger } = this.#parts;
    return (
      stat === undefined &&
      ledger !== undefined &&
      !ledger.tree.knows(path) &&
      ledger.tree.countWithin(path, 1) === 0
    );
  }

  /**
   * Whether a vanished path was a directory. A plain check of it would leave its files on the
   * peers.
   */
  #wasDirectory(path: PathBytes): boolean {
    return (this.#parts.ledger?.tree.countWithin(path, 2) ?? 0) > 1;
  }

  #mayHaveBeenDirectory(path: PathBytes): boolean {
    return this.#parts.ledger === undefined || this.#wasDirectory(path);
  }

  /**
   * Adds the directories above a file that csync2 does not know yet, because the file can't be
   * pushed without them.
   */
  #addUnknownParents(path: PathBytes, parents: Map<string, PathBytes>): void {
    const { ledger } = this.#parts;
    if (!ledger) return;
    for (let parent = parentOf(path); parent.length > 1; parent = parentOf(parent)) {
      const key = toKey(parent);
      if (parents.has(key) || ledger.tree.knows(parent)) return;
      parents.set(key, parent);
    }
  }
}

interface Plan extends Omit<CheckPlan, 'madeAt'> {
  readonly trees: PathBytes[];
  readonly files: PathBytes[];
  readonly overlooked: PathBytes[];
  readonly sockets: PathBytes[];
  readonly postponed: PostponedPath[];
  readonly halfReceived: PathBytes[];
  readonly linked: LinkedFile[];
  readonly unreadable: FailedPath[];
  readonly stamps: PlannedStamp[];
  /** Directories that csync2 does not know yet. */
  readonly parents: Map<string, PathBytes>;
  skipped: number;
  readonly arrivals: ArrivalView;
  readonly waits: boolean;
  readonly trusted: Batch['trusted'];
  /** The check searches for changes that no event has reported; reported ones are done. */
  readonly isSweep: boolean;
}

function emptyPlan(): Omit<Plan, 'arrivals' | 'waits' | 'trusted' | 'isSweep'> {
  return {
    trees: [],
    files: [],
    overlooked: [],
    sockets: [],
    postponed: [],
    halfReceived: [],
    linked: [],
    unreadable: [],
    stamps: [],
    parents: new Map(),
    skipped: 0,
  };
}

function eachOnce(paths: readonly PathBytes[]): PathBytes[] {
  return [...new Map(paths.map((path) => [toKey(path), path])).values()];
}

/** From milliseconds. */
function nanoseconds(milliseconds: number): bigint {
  return BigInt(Math.floor(milliseconds)) * 1_000_000n;
}

const questionsAtOnce = 200;
/** A file is written and given another name within this time, in nanoseconds. */
const namedNs = 2_000_000_000n;
