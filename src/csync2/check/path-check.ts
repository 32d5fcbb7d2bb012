/** The one way in which paths are checked or marked in csync2's database. */
import type { PathBytes } from '../../text/path-bytes.js';
import type { PathPrefix } from '../files/name-encoding.js';
import { MarkedPaths } from '../run/marked-paths.js';
import type { CommandResult, Runner } from '../run/runner.js';

/** Paths to check. */
export interface CheckRequest {
  /** Check, or mark without looking. */
  readonly mode: '-c' | '-m';
  /** With all below them. */
  readonly recursive: boolean;
  readonly paths: readonly PathBytes[];
  /** At idle priority. */
  readonly idle?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** csync2 has been started for it. */
  readonly onSpawned?: (() => void) | undefined;
}

/** What came of it. */
export interface CheckAnswer {
  readonly result: CommandResult;
  /** The real paths that were marked, in csync2's order. */
  readonly marked: readonly PathBytes[];
  /** Whether those are all. */
  readonly isComplete: boolean;
}

/** Has csync2's database brought up to date with the disk. Call it in a database window. */
export interface PathCheck {
  /** Never throws for what csync2 does: it is all in the answer. */
  run(request: CheckRequest): Promise<CheckAnswer>;
}

/** By the csync2 program: `csync2 -c`, `-cr`, `-m`, `-mr`. */
export class ProgramCheck implements PathCheck {
  readonly #runner: Pick<Runner, 'run'>;
  readonly #prefixes: readonly PathPrefix[];

  constructor(runner: Pick<Runner, 'run'>, prefixes: readonly PathPrefix[]) {
    this.#runner = runner;
    this.#prefixes = prefixes;
  }

  async run(request: CheckRequest): Promise<CheckAnswer> {
    const { mode, recursive, paths, idle = false, onSpawned, signal } = request;
    const marked = new MarkedPaths(this.#prefixes);
    const result = await this.#runner.run({
      mode: ['-v', recursive ? `${mode}r` : mode],
      paths,
      idle,
      onMessage: marked.add,
      onSpawned,
      ...(signal ? { signal } : {}),
    });
    return { result, marked: marked.paths, isComplete: marked.isComplete };
  }
}
