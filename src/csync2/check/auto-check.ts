/** Checks paths in our own process where that is known to do what csync2 does, else by csync2. */
import type { CommandResult } from '../run/runner.js';
import type { Fallback } from './fallback.js';
import type { OwnCheck } from './own-check.js';
import type { CheckAnswer, CheckRequest, PathCheck } from './path-check.js';

/** What the check is made of. */
export interface AutoCheckParts {
  readonly own: Pick<OwnCheck, 'run'> | Fallback;
  readonly program: PathCheck;
  /** Told how many paths were checked here, and how many were left to csync2 and why. */
  readonly onChecked: (count: number) => void;
  readonly onFallback: (reason: Fallback, count: number) => void;
}

/**
 * Single paths are checked here, a few at a time. Trees, parts of a full check, and so many paths
 * that they would hold up everything else in this process are csync2's. So is each path at which
 * anything is unknown.
 */
export class AutoCheck implements PathCheck {
  readonly #parts: AutoCheckParts;

  constructor(parts: AutoCheckParts) {
    this.#parts = parts;
  }

  async run(request: CheckRequest): Promise<CheckAnswer> {
    const { own, program, onChecked, onFallback } = this.#parts;
    const { idle = false, mode, paths, recursive, signal } = request;
    if (recursive || idle || paths.length > mostPaths) return await program.run(request);
    if (typeof own === 'string') {
      onFallback(own, paths.length);
      return await program.run(request);
    }
    const began = performance.now();
    const report = await own.run(mode, paths, signal);
    onChecked(report.done);
    const { left, marked } = report;
    if (left.length === 0) {
      const seconds = (performance.now() - began) / 1000;
      return { result: { ...done, seconds }, marked, isComplete: true };
    }
    for (const [reason, count] of countsOf(left)) onFallback(reason, count);
    const rest = await program.run({ ...request, paths: left.map(({ path }) => path) });
    return { ...rest, marked: [...marked, ...rest.marked] };
  }
}

function countsOf(left: readonly { readonly reason: Fallback }[]): ReadonlyMap<Fallback, number> {
  const counts = new Map<Fallback, number>();
  for (const { reason } of left) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return counts;
}

const done: Omit<CommandResult, 'seconds'> = {
  ...{ outcome: 'done', exitCode: 0, signal: undefined, said: [], stalled: false },
};
/** More take csync2 less than it takes to start it, and another core. */
const mostPaths = 200;
