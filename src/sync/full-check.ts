import { type PathBytes, type PathKey, toKey } from '../path-bytes.js';
import type { FailedPath } from './check-runner.js';
import type { Checker } from './checker.js';
import type { DatabaseWindow } from './database-window.js';
import type { RootGuard } from './root-guard.js';
import { type SweepStep, type SweepTree, sweepSteps } from './sweep-plan.js';

/** What a full check came to. */
export interface FullCheckReport {
  /** Files that csync2 found changed. */
  readonly found: number;
  /** Their real paths, one character a byte, as far as csync2's text tells them and not more than some thousands. */
  readonly paths: readonly PathKey[];
  /** Everything was looked at: no root was held back, no path failed. */
  readonly complete: boolean;
  readonly failed: readonly FailedPath[];
  /** Paths that were left out because they lie at or below a place that is not there. */
  readonly heldRoots: readonly PathBytes[];
  /** Some place is still not there. When it is back, another full check is asked for. */
  readonly isWaiting?: boolean;
  /** Seconds from beginning to end, with the changes that went first. */
  readonly seconds: number;
  readonly steps: number;
}

/** What a full check works with. */
export interface FullCheckParts {
  readonly roots: readonly PathBytes[];
  readonly checker: Checker;
  readonly guard: RootGuard;
  readonly tree: SweepTree;
  readonly window: DatabaseWindow;
}

/** One pass over all roots, a step at a time. */
export class FullCheck {
  readonly #checker: Checker;
  readonly #guard: RootGuard;
  readonly #window: DatabaseWindow;
  readonly #steps: Iterator<SweepStep>;
  readonly #started = performance.now();
  readonly #failed: FailedPath[] = [];
  readonly #held = new Map<PathKey, PathBytes>();
  readonly #paths: PathKey[] = [];
  #found = 0;
  #taken = 0;

  constructor({ roots, checker, guard, tree, window }: FullCheckParts) {
    this.#checker = checker;
    this.#guard = guard;
    this.#window = window;
    this.#steps = this.#allSteps(roots, tree);
  }

  /**
   * Takes the next step, in a database window. Returns the report when there is none left, `busy` if the csync2 server
   * is receiving and the step has not been taken: half-received files would pass for local changes.
   *
   * @param waits - whether a busy server may hold the step up
   */
  step(waits: boolean, signal: AbortSignal): Promise<FullCheckReport | 'busy' | undefined> {
    return this.#window.run(async (quiet) => (quiet || !waits ? this.#step(signal) : 'busy'), signal);
  }

  async #step(signal: AbortSignal): Promise<FullCheckReport | undefined> {
    const { value, done } = this.#steps.next();
    if (done || signal.aborted) return this.#report();
    this.#guard.look();
    const allowed = value.paths.filter((path) => !this.#isHeld(path));
    if (allowed.length > 0) {
      const { failed, held, marked } = await this.#checker.sweep(allowed, value.recursive, signal);
      this.#failed.push(...failed);
      for (const path of held) this.#held.set(toKey(path), path);
      this.#found += marked.length;
      this.#paths.push(...marked.slice(0, pathsKept - this.#paths.length).map(toKey));
      this.#taken++;
    }
    return undefined;
  }

  *#allSteps(roots: readonly PathBytes[], tree: SweepTree): Generator<SweepStep> {
    for (const root of roots) {
      this.#guard.look();
      if (!this.#isHeld(root)) yield* sweepSteps([root], tree, filesPerStep);
    }
  }

  #isHeld(path: PathBytes): boolean {
    const isHeld = this.#guard.forbids(path, false);
    if (isHeld) this.#held.set(toKey(path), path);
    return isHeld;
  }

  #report(): FullCheckReport {
    return {
      found: this.#found,
      paths: this.#paths,
      complete: this.#failed.length === 0 && this.#held.size === 0,
      failed: this.#failed,
      heldRoots: [...this.#held.values()],
      isWaiting: !this.#guard.whole,
      seconds: (performance.now() - this.#started) / 1000,
      steps: this.#taken,
    };
  }
}

/** csync2 looks at some 50,000 unchanged files a second: a step holds fresh changes up for about 0.2 s. */
const filesPerStep = 8000;
const pathsKept = 5000;
