import type { BigIntStats } from 'node:fs';
import type { Ledger } from '../csync2/ledger.js';
import { type PathBytes, parentOf, toKey } from '../path-bytes.js';
import type { Batch } from './batch.js';
import type { FailedPath } from './check-runner.js';
import type { PostponedPath } from './postponed-paths.js';
import { type FileStamp, type RewriteMemory, stampOf } from './rewrite-memory.js';
import { lookAt, type Sight } from './stat-of.js';

/** What csync2 is given for one batch. */
export interface CheckPlan {
  /** To be checked with all below. */
  readonly trees: readonly PathBytes[];
  /** To be checked alone. */
  readonly files: readonly PathBytes[];
  /** To be marked without a check, which would overlook their change. */
  readonly rewritten: readonly PathBytes[];
  readonly sockets: readonly PathBytes[];
  /** Being received right now. */
  readonly postponed: readonly PostponedPath[];
  /** They may be there, but can't be looked at. */
  readonly unreadable: readonly FailedPath[];
  /** What files were like when the plan was made. */
  readonly stamps: readonly (readonly [PathBytes, FileStamp])[];
  /** Number of paths that need no check. */
  readonly skipped: number;
}

/** What a plan is made with. `ledger` is undefined where the database is not SQLite. */
export interface CheckPlannerParts {
  readonly ledger: Ledger | undefined;
  readonly memory: RewriteMemory;
  /**
   * Whether a file, or something in a tree, is being received right now, so that a look at it would take half of it, or
   * csync2's temporary file, for a local change.
   */
  readonly isArriving: (path: PathBytes, changedAt: number, recursive: boolean) => boolean;
  /**
   * Whether a session may have ended in the middle of a file a moment ago: its peer is about to send it again. To mark it
   * would bring the two into conflict.
   */
  readonly isHalfReceived: (path: PathBytes, changedAt: number) => boolean;
}

/** Looks at the changed paths and at what csync2 knows of them, and decides how csync2 is to look. */
export class CheckPlanner {
  readonly #parts: CheckPlannerParts;

  constructor(parts: CheckPlannerParts) {
    this.#parts = parts;
  }

  /**
   * Plans a check; call it in a database window.
   *
   * @param changedAt - when the oldest change was noticed, or earlier; milliseconds since 1970
   * @param waits - whether files that are being received may be left for later
   * @param quiet - whether no session is open
   */
  plan(batch: Batch, changedAt: number, { waits, quiet }: { waits: boolean; quiet: boolean }): CheckPlan {
    const plan: Plan = { ...emptyPlan(), changedAt, waits, postpones: waits && !quiet };
    this.#inPortions(batch.trees, (path) => this.#planTree(plan, path));
    this.#inPortions(batch.files, (path) => this.#planFile(plan, path));
    this.#inPortions(batch.covered, (path) => this.#planCovered(plan, path));
    plan.files.unshift(...plan.parents.values());
    return plan;
  }

  /**
   * Remembers what the files were like just before csync2 looked: a rewrite since then shows other nanoseconds at its
   * own event. A file that could not be marked is still to be marked.
   *
   * @param unchecked - paths that csync2 has not looked at after all
   */
  remember(plan: CheckPlan, unchecked: readonly PathBytes[]): void {
    const { memory } = this.#parts;
    const rewritten = new Set(plan.rewritten.map(toKey));
    const failures = new Set(unchecked.map(toKey));
    for (const [path, stamp] of plan.stamps) {
      const key = toKey(path);
      if (!failures.has(key)) memory.checked(path, stamp);
      else if (rewritten.has(key)) memory.owed(path);
    }
  }

  #inPortions(paths: readonly PathBytes[], task: (path: PathBytes) => void): void {
    const { ledger } = this.#parts;
    for (let at = 0; at < paths.length; at += questionsAtOnce) {
      const portion = () => paths.slice(at, at + questionsAtOnce).forEach(task);
      if (ledger) ledger.reading(portion);
      else portion();
    }
  }

  #planTree(plan: Plan, path: PathBytes): void {
    const stat = this.#look(plan, path, true);
    if (stat === 'unreadable') return;
    const arrives = () => this.#parts.isArriving(path, changeOf(stat), true);
    if (plan.postpones && arrives()) plan.postponed.push({ path, recursive: true });
    else if (this.#isNothing(path, stat)) plan.skipped++;
    else {
      plan.trees.push(path);
      if (stat) this.#addUnknownParents(path, plan.parents);
    }
  }

  #planFile(plan: Plan, path: PathBytes): void {
    const stat = this.#look(plan, path, false);
    if (stat === 'unreadable') return;
    const arrives = () => this.#parts.isArriving(path, changeOf(stat), false);
    if (plan.postpones && arrives()) plan.postponed.push({ path, recursive: false });
    else if (this.#isNothing(path, stat)) plan.skipped++;
    else if (!stat) (this.#mayHaveBeenDirectory(path) ? plan.trees : plan.files).push(path);
    else if (stat.isSocket()) plan.sockets.push(path);
    else if (!stat.isDirectory() && this.#wasDirectory(path)) plan.trees.push(path);
    else {
      if (!this.#isOverlookedRewrite(plan, path, stat)) plan.files.push(path);
      else this.#planRewritten(plan, path, stat);
      this.#addUnknownParents(path, plan.parents);
    }
  }

  /** The tree above it is checked; only what csync2 would overlook there needs a mark of its own. */
  #planCovered(plan: Plan, path: PathBytes): void {
    const sight = lookAt(path);
    const stat = sight.kind === 'there' ? sight.stat : undefined;
    if (stat && this.#isOverlookedRewrite(plan, path, stat)) this.#planRewritten(plan, path, stat);
  }

  /** What can't be looked at is left for later: csync2 would take it for deleted. */
  #look(plan: Plan, path: PathBytes, recursive: boolean): BigIntStats | undefined | 'unreadable' {
    const sight = lookAt(path);
    if (sight.kind !== 'unreadable') return sight.kind === 'there' ? sight.stat : undefined;
    if (this.#isBeyondReach(path, sight)) plan.skipped++;
    else plan.unreadable.push({ path, recursive, outcome: 'unreadable', text: sight.errno });
    return 'unreadable';
  }

  /** csync2 could never look at it, and never knew it. */
  #isBeyondReach(path: PathBytes, sight: Sight): boolean {
    const isTooLong = sight.kind === 'unreadable' && sight.errno === 'ENAMETOOLONG';
    return isTooLong && !this.#parts.ledger?.knows(path);
  }

  /** A file whose time csync2's server has not set yet looks like one that was rewritten. */
  #planRewritten(plan: Plan, path: PathBytes, stat: BigIntStats): void {
    if (plan.waits && this.#parts.isHalfReceived(path, changeOf(stat))) {
      plan.stamps.pop();
      plan.postponed.push({ path, recursive: false });
    } else plan.rewritten.push(path);
  }

  /** Gone, and csync2 never knew it: its temporary files on both sides end here. */
  #isNothing(path: PathBytes, stat: BigIntStats | undefined): boolean {
    const { ledger } = this.#parts;
    return (
      stat === undefined && ledger !== undefined && !ledger.knows(path) && ledger.countWithin(path, 1) === 0
    );
  }

  /** A plain check of a vanished directory would leave its files behind on the peers. */
  #wasDirectory(path: PathBytes): boolean {
    return (this.#parts.ledger?.countWithin(path, 2) ?? 0) > 1;
  }

  #mayHaveBeenDirectory(path: PathBytes): boolean {
    return this.#parts.ledger === undefined || this.#wasDirectory(path);
  }

  #isOverlookedRewrite(plan: Plan, path: PathBytes, stat: BigIntStats): boolean {
    const { ledger, memory } = this.#parts;
    if (!stat.isFile()) return false;
    const stamp = stampOf(stat);
    plan.stamps.push([path, stamp]);
    return memory.mustMark(path, stamp, ledger ? ledger.seen(path) : 'unknown', plan.changedAt);
  }

  /** A file whose directory csync2 does not know yet can't be pushed: the directory goes along. */
  #addUnknownParents(path: PathBytes, parents: Map<string, PathBytes>): void {
    const { ledger } = this.#parts;
    if (!ledger) return;
    for (let parent = parentOf(path); parent.length > 1; parent = parentOf(parent)) {
      const key = toKey(parent);
      if (parents.has(key) || ledger.knows(parent)) return;
      parents.set(key, parent);
    }
  }
}

interface Plan extends CheckPlan {
  readonly trees: PathBytes[];
  readonly files: PathBytes[];
  readonly rewritten: PathBytes[];
  readonly sockets: PathBytes[];
  readonly postponed: PostponedPath[];
  readonly unreadable: FailedPath[];
  readonly stamps: [PathBytes, FileStamp][];
  /** Directories that csync2 doesn't know yet. */
  readonly parents: Map<string, PathBytes>;
  skipped: number;
  readonly changedAt: number;
  readonly waits: boolean;
  /** Whether what is being received is left for later. */
  readonly postpones: boolean;
}

function emptyPlan(): Omit<Plan, 'changedAt' | 'waits' | 'postpones'> {
  return {
    trees: [],
    files: [],
    rewritten: [],
    sockets: [],
    postponed: [],
    unreadable: [],
    stamps: [],
    parents: new Map(),
    skipped: 0,
  };
}

/** When something about a file changed last, milliseconds since 1970; 0 if it is gone. */
function changeOf(stat: BigIntStats | undefined): number {
  return stat ? Number(stat.ctimeMs) : 0;
}

const questionsAtOnce = 200;
