import { readFileSync } from 'node:fs';
import { execa } from 'execa';
import { launcherPath } from '../native.js';
import type { PathBytes } from '../path-bytes.js';
import { type Instance, instanceArguments } from './instance.js';
import { withoutNames } from './own-words.js';
import { type Ending, type Outcome, readOutcome } from './result.js';

/** One csync2 command. */
export interface Command {
  /** Mode and its modifiers: `['-c']`, `['-cr']`, `['-u', '-P', 'web2']`. */
  readonly mode: readonly string[];
  /** Paths, handed to execve(2) as bytes. */
  readonly paths?: readonly PathBytes[];
  /** Database to use instead of the instance's, for `-D`. */
  readonly database?: string;
  /** Seconds without any progress (CPU or I/O) after which the run is ended. Undefined: never. */
  readonly stallSeconds?: number;
  /** Run at idle I/O and low CPU priority. */
  readonly idle?: boolean;
  /** Given all that csync2 prints on stdout, as it comes. */
  readonly onOutput?: (chunk: Buffer) => void;
  /** Given all that csync2 says on stderr, as it comes; the result's text holds only the last of it. */
  readonly onSaid?: (chunk: Buffer) => void;
  /** Names that csync2 may print, so that what stands in one is not taken for what csync2 says. */
  readonly names?: readonly Buffer[];
  /** Ends the run (SIGTERM; csync2's transactions roll back). */
  readonly signal?: AbortSignal;
}

/** What came of a command. */
export interface CommandResult extends Ending {
  readonly outcome: Outcome;
  /** Seconds from start to end. */
  readonly seconds: number;
}

const textLimit = 64 * 1024;
const killAfterSeconds = 3;

/** Runs csync2 commands of one instance. Never throws for what csync2 does: it is all in the result. */
export class Runner {
  readonly #instance: Instance;
  readonly #launcher: string;
  #running = 0;
  #started = 0;

  /** Throws a MissingNativeError if the launcher is not built. */
  constructor(instance: Instance) {
    this.#instance = instance;
    this.#launcher = launcherPath();
  }

  get instance(): Instance {
    return this.#instance;
  }

  /** Commands that are under way. */
  get running(): number {
    return this.#running;
  }

  /** Commands that have been begun. */
  get started(): number {
    return this.#started;
  }

  async run(command: Command): Promise<CommandResult> {
    this.#started++;
    this.#running++;
    try {
      return await this.#run(command);
    } finally {
      this.#running--;
    }
  }

  async #run(command: Command): Promise<CommandResult> {
    const started = performance.now();
    const args = [...instanceArguments(this.#instance, command.database), ...command.mode];
    const subprocess = execa(this.#launcher, this.#launcherArguments(command, args), {
      env: { CSYNC2_SYSTEM_DIR: this.#instance.systemDirectory },
      stdio: ['ignore', 'pipe', 'pipe', command.paths ? argumentBytes(command.paths) : 'ignore'],
      buffer: false,
      reject: false,
      // Not in our process group: Ctrl-C is for us to handle. The launcher ends with us all the same.
      detached: true,
      forceKillAfterDelay: killAfterSeconds * 1000,
      ...(command.signal ? { cancelSignal: command.signal } : {}),
    });
    const tail = new TextTail(textLimit);
    subprocess.stdout.on('data', command.onOutput ?? ((chunk: Buffer) => tail.add(chunk)));
    subprocess.stderr.on('data', (chunk: Buffer) => {
      tail.add(chunk);
      command.onSaid?.(chunk);
    });
    const guard =
      command.stallSeconds === undefined ? undefined : guardProgress(subprocess, command.stallSeconds);
    const ended = await subprocess;
    guard?.stop();
    const ending: Ending = {
      exitCode: ended.exitCode ?? (ended.code === 'ENOENT' ? 127 : undefined),
      signal: ended.signal,
      text: tail.text(),
      stalled: guard?.stalled ?? false,
    };
    const ownWords = { ...ending, text: withoutNames(ending.text, command.names ?? []) };
    return { ...ending, outcome: readOutcome(ownWords), seconds: (performance.now() - started) / 1000 };
  }

  #launcherArguments(command: Command, args: readonly string[]): string[] {
    const launcher = [`--parent=${process.pid}`];
    if (command.idle) launcher.push('--idle');
    if (command.paths) launcher.push('--arguments-from=3');
    // The second `--` is csync2's own: no path that follows can be taken for an option.
    return [...launcher, '--', this.#instance.program, ...args, ...(command.paths ? ['--'] : [])];
  }
}

function argumentBytes(paths: readonly PathBytes[]): Uint8Array {
  const end = Buffer.of(0);
  return Buffer.concat(paths.flatMap((path) => [path, end]));
}

/**
 * Ends a run that neither computes nor moves bytes: csync2 itself has no time-out for connecting, reading or
 * writing, and a stopped peer would hold it for ever. A long transfer moves on and is left alone.
 */
function guardProgress(subprocess: { pid?: number; kill(): boolean }, stallSeconds: number) {
  const guard = { stalled: false, stop: () => clearInterval(timer) };
  let before = '';
  let since = performance.now();
  const timer = setInterval(
    () => {
      const now = subprocess.pid === undefined ? '' : progressOf(subprocess.pid);
      if (now !== before) {
        before = now;
        since = performance.now();
      } else if (performance.now() - since > stallSeconds * 1000) {
        guard.stalled = true;
        clearInterval(timer);
        subprocess.kill();
      }
    },
    Math.min(1000, stallSeconds * 250),
  );
  return guard;
}

/** A text that changes when the process has computed or moved bytes (proc_pid_stat(5), proc_pid_io(5)). */
function progressOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const times = stat.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14).join(' ');
    return `${times} ${readFileSync(`/proc/${pid}/io`, 'latin1')}`;
  } catch {
    return 'gone';
  }
}

/** Keeps the last bytes of an output, so that a talkative run can't fill the memory. */
class TextTail {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    while (this.#chunks.length > 1 && this.#length - (this.#chunks[0] as Buffer).length >= this.#limit) {
      this.#length -= (this.#chunks.shift() as Buffer).length;
    }
  }

  text(): string {
    return Buffer.concat(this.#chunks).subarray(-this.#limit).toString('utf8');
  }
}
