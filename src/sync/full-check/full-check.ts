import { type PathBytes, type PathKey, toKey } from '../../text/path-bytes.js';
import type { Checker, SweepOptions, SweepReport } from '../check/checker.js';
import type { FailedPath } from '../check/failed-path.js';
import type { DatabaseWindow } from '../database/database-window.js';
import type { RootGuard } from '../guard/root-guard.js';
import { type SweepStep, type SweepTree, sweepSteps } from '../sweep/sweep-plan.js';

/** The result of a {@link FullCheck}, which checks all included trees in steps. */
export interface FullCheckReport {
  /** Files that csync2 found changed. */
  readonly found: number;
  /**
   * Files in which csync2 sees no change, but which may have other content. They are compared with
   * the peers.
   */
  readonly doubted: number;
  /**
   * The real paths of the found files, one character a byte, as far as csync2's output tells them,
   * and at most some thousands.
   */
  readonly paths: readonly PathKey[];
  /** Every path was checked: no root was held back, no path failed. */
  readonly complete: boolean;
  /** The first of the paths that csync2 could not look at. */
  readonly failed: readonly FailedPath[];
  /** The first of the paths that were left out because they lie at or below a missing place. */
  readonly heldRoots: readonly PathBytes[];
  /** Some place is still missing. When it is back, another full check is requested. */
  readonly isWaiting?: boolean;
  /** Seconds from beginning to end, including the changes that went first. */
  readonly seconds: number;
  readonly steps: number;
}

/** The parts of {@link FullCheck}. */
export interface FullCheckParts {
  readonly roots: readonly PathBytes[];
  readonly checker: Pick<Checker, 'sweep'>;
  readonly guard: Pick<RootGuard, 'look' | 'forbids' | 'whole'>;
  readonly tree: SweepTree;
  readonly window: Pick<DatabaseWindow, 'run'>;
  /** Since when changes may have been overlooked; see {@link SweepOptions}. */
  readonly unseenSince: number;
  /** Called with the paths that csync2 can't handle. */
  readonly onLeftOut: (paths: readonly PathBytes[]) => void;
}

/**
 * One pass over all roots, a step at a time. A caller that does not reach the report calls
 * {@link close}.
 */
export class FullCheck {
  readonly #checker: FullCheckParts['checker'];
  readonly #guard: FullCheckParts['guard'];
  readonly #window: FullCheckParts['window'];
  readonly #onLeftOut: (paths: readonly PathBytes[]) => void;
  readonly #steps: Generator<SweepStep, void>;
  readonly #started = performance.now();
  readonly #failed: FailedPath[] = [];
  readonly #held = new Map<PathKey, PathBytes>();
  readonly #paths: PathKey[] = [];
  readonly #unseenSince: number;
  #isWhole = true;
  #found = 0;
  #doubted = 0;
  #taken = 0;

  constructor({ roots, checker, guard, tree, window, unseenSince, onLeftOut }: FullCheckParts) {
    this.#unseenSince = unseenSince;
    this.#checker = checker;
    this.#guard = guard;
    this.#window = window;
    this.#onLeftOut = onLeftOut;
    this.#steps = this.#allSteps(roots, tree);
  }

  /**
   * Takes the next step, in a database window. Returns the report when no step is left. Returns
   * `busy` without a step if the csync2 server is receiving, because half-received files would pass
   * for local changes.
   *
   * @param waits - whether a busy server may delay the step
   */
  step(waits: boolean, signal: AbortSignal): Promise<FullCheckReport | 'busy' | undefined> {
    return this.#window.run(
      async (quiet) => (quiet || !waits ? this.#step(signal) : 'busy'),
      signal,
    );
  }

  /** Releases the resources of the steps that will not follow. */
  close(): void {
    this.#isWhole = false;
    this.#steps.return();
  }

  async #step(signal: AbortSignal): Promise<FullCheckReport | undefined> {
    if (signal.aborted) this.close();
    const { value, done } = this.#steps.next();
    if (done) return this.#report(signal);
    const { paths, recursive, leftOut } = value;
    if (leftOut) this.#onLeftOut(leftOut);
    if (paths.length === 0) return undefined;
    this.#guard.look();
    const allowed = paths.filter((path) => !this.#isHeld(path));
    if (allowed.length > 0) {
      const how = { recursive, unseenSince: this.#unseenSince, signal };
      this.#note(await this.#sweep(allowed, how));
      this.#taken++;
    }
    return undefined;
  }

  async #sweep(paths: readonly PathBytes[], how: SweepOptions): Promise<SweepReport> {
    try {
      return await this.#checker.sweep(paths, how);
    } catch (error) {
      this.#isWhole = false;
      throw error;
    }
  }

  #note({ failed, held, marked, doubted }: SweepReport): void {
    for (const path of held) this.#noteHeld(path);
    if (failed.length > 0) this.#isWhole = false;
    for (const path of failed.slice(0, failedKept - this.#failed.length)) this.#failed.push(path);
    this.#found += marked.length;
    this.#doubted += doubted;
    for (const path of marked.slice(0, pathsKept - this.#paths.length))
      this.#paths.push(toKey(path));
  }

  *#allSteps(roots: readonly PathBytes[], tree: SweepTree): Generator<SweepStep, void> {
    for (const root of roots) {
      this.#guard.look();
      if (!this.#isHeld(root)) yield* sweepSteps([root], tree, filesPerStep);
    }
  }

  #isHeld(path: PathBytes): boolean {
    const isHeld = this.#guard.forbids(path, false);
    if (isHeld) this.#noteHeld(path);
    return isHeld;
  }

  #noteHeld(path: PathBytes): void {
    this.#isWhole = false;
    if (this.#held.size < failedKept) this.#held.set(toKey(path), path);
  }

  #report(signal: AbortSignal): FullCheckReport {
    return {
      found: this.#found,
      doubted: this.#doubted,
      paths: this.#paths,
      complete: this.#isWhole && !signal.aborted,
      failed: this.#failed,
      heldRoots: [...this.#held.values()],
      isWaiting: !this.#guard.whole,
      seconds: (performance.now() - this.#started) / 1000,
      steps: this.#taken,
    };
  }
}

/**
 * csync2 looks at about 50,000 unchanged files a second, so a step delays fresh changes by about
 * 0.2 s.
 */
const filesPerStep = 8000;
const pathsKept = 5000;
const failedKept = 100;
