import { execa } from 'execa';
import { launcherPath, preloadPath } from '../../native.js';
import { bytesMovedBy, statOfProcess } from '../../proc/process.js';
import { isShortage, requireDescriptors } from '../../proc/shortage.js';
import type { PathBytes } from '../../text/path-bytes.js';
import { type Instance, instanceArguments, instanceEnvironment } from './instance.js';
import { type Message, MessageReader } from './message.js';
import { type Ending, type Outcome, readOutcome } from './result.js';

/** One csync2 command. */
export interface Command {
  /** Mode and its modifiers: `['-c']`, `['-cr']`, `['-u', '-P', 'web2']`. */
  readonly mode: readonly string[];
  /** Paths, handed to execve(2) as bytes. */
  readonly paths?: readonly PathBytes[];
  /** Database to use instead of the instance's, for `-D`. */
  readonly database?: string;
  /** Seconds without any progress (CPU or I/O) after which the run is ended; never if undefined. */
  readonly stallSeconds?: number;
  /**
   * The run is also ended if its average rate over `stallSeconds` is lower, as long as `isWanted`
   * says that something waits for it.
   */
  readonly leastRate?: LeastRate;
  /** Run at idle I/O and low CPU priority. */
  readonly idle?: boolean;
  /** Called when its process has been made. */
  readonly onSpawned?: (() => void) | undefined;
  /** Given all that csync2 prints on stdout, as it comes. */
  readonly onOutput?: (chunk: Buffer) => void;
  /** Receives each message of csync2 as it comes. The result holds only the last messages. */
  readonly onMessage?: (message: Message) => void;
  /** Ends the run by SIGTERM. csync2's transactions roll back. */
  readonly signal?: AbortSignal;
}

/** How fast a run has to be while something waits for it. */
export interface LeastRate {
  readonly bytesPerSecond: number;
  readonly isWanted: () => boolean;
}

/** The result of a command. */
export interface CommandResult extends Ending {
  readonly outcome: Outcome;
  /** Seconds from start to end. */
  readonly seconds: number;
}

const nothingStarted: CommandResult = {
  ...{ exitCode: undefined, signal: undefined, said: [], stalled: false, isShort: true },
  ...{ outcome: 'shortage', seconds: 0 },
};
const saidLimit = 64 * 1024;
const outputLimit = 4096;
const killAfterSeconds = 3;

/**
 * Runs csync2 commands of one instance. Never throws for csync2's failures, which are in the
 * result.
 */
export class Runner {
  readonly #instance: Instance;
  readonly #launcher: string;
  readonly #onEnded: ((mode: readonly string[], outcome: Outcome) => void) | undefined;
  #running = 0;
  #started = 0;

  /**
   * Throws a MissingNativeError if the launcher is not built.
   *
   * @param onEnded - called with the mode and outcome of each command that has ended
   */
  constructor(instance: Instance, onEnded?: (mode: readonly string[], outcome: Outcome) => void) {
    this.#onEnded = onEnded;
    this.#instance = instance;
    this.#launcher = launcherPath();
  }

  get instance(): Instance {
    return this.#instance;
  }

  /** The number of running commands. */
  get running(): number {
    return this.#running;
  }

  /** The number of commands started so far. */
  get started(): number {
    return this.#started;
  }

  async run(command: Command): Promise<CommandResult> {
    this.#started++;
    this.#running++;
    try {
      const result = await this.#run(command);
      this.#onEnded?.(command.mode, result.outcome);
      return result;
    } finally {
      this.#running--;
    }
  }

  async #run(command: Command): Promise<CommandResult> {
    const started = performance.now();
    try {
      requireDescriptors();
    } catch (error) {
      if (isShortage(error)) return nothingStarted;
      throw error;
    }
    // With `-t`, each message begins with the time of day, so the launcher knows where it begins.
    const args = [...instanceArguments(this.#instance, command.database), '-t', ...command.mode];
    const subprocess = execa(this.#launcher, this.#launcherArguments(command, args), {
      env: instanceEnvironment(this.#instance),
      stdio: ['ignore', 'pipe', 'pipe', command.paths ? argumentBytes(command.paths) : 'ignore'],
      buffer: false,
      reject: false,
      // Not in our process group, because we handle Ctrl-C ourselves. The launcher still ends with
      // us.
      detached: true,
      forceKillAfterDelay: killAfterSeconds * 1000,
      ...(command.signal ? { cancelSignal: command.signal } : {}),
    });
    command.onSpawned?.();
    const said = new LastSaid(saidLimit);
    let output = '';
    subprocess.stdout.on(
      'data',
      command.onOutput ??
        ((chunk: Buffer) => {
          if (output.length < outputLimit) output += chunk.toString('utf8');
        }),
    );
    const reader = new MessageReader();
    subprocess.stderr.on('data', (chunk: Buffer) => {
      for (const message of reader.read(chunk.toString('latin1'))) {
        said.add(message.text, message.kind);
        command.onMessage?.(message);
      }
    });
    const guard =
      command.stallSeconds === undefined
        ? undefined
        : guardProgress(subprocess, command.stallSeconds, command.leastRate);
    const ended = await subprocess;
    guard?.stop();
    const ending: Ending = {
      exitCode: ended.exitCode ?? (ended.code === 'ENOENT' ? 127 : undefined),
      signal: ended.signal,
      said: said.messages,
      output: output.split('\n', 1)[0] ?? '',
      stalled: guard?.stalled ?? false,
      isShort: isShortage(ended),
    };
    return {
      ...ending,
      outcome: readOutcome(ending),
      seconds: (performance.now() - started) / 1000,
    };
  }

  #launcherArguments(command: Command, args: readonly string[]): string[] {
    const launcher = ['--messages', `--parent=${process.pid}`];
    if (command.idle) launcher.push('--idle');
    // A file to send may be a FIFO or lie behind a link by then.
    if (command.mode.includes('-u')) launcher.push(`--preload=${preloadPath()}`);
    if (command.paths) launcher.push('--arguments-from=3');
    // The second `--` is for csync2, so that no path can be read as an option.
    return [...launcher, '--', this.#instance.program, ...args, ...(command.paths ? ['--'] : [])];
  }
}

function argumentBytes(paths: readonly PathBytes[]): Uint8Array {
  const end = Buffer.of(0);
  return Buffer.concat(paths.flatMap((path) => [path, end]));
}

/**
 * Ends a run that neither computes nor moves bytes. csync2 itself has no time-out for connecting,
 * reading or writing, and a stopped peer would hold it for ever. A long transfer that moves is left
 * alone, unless it is too slow while something waits for its end.
 */
function guardProgress(
  subprocess: { pid?: number; kill(): boolean },
  stallSeconds: number,
  leastRate?: LeastRate,
) {
  const guard = { stalled: false, stop: () => clearInterval(timer) };
  const rate = new Rate(stallSeconds * 1000);
  let before = '';
  let since = performance.now();
  const timer = setInterval(
    () => {
      const { pid } = subprocess;
      const progress = pid === undefined ? '' : progressOf(pid);
      const now = performance.now();
      if (progress !== before) [before, since] = [progress, now];
      const least = leastRate?.isWanted() ? leastRate.bytesPerSecond : 0;
      const isSlow = rate.add((pid && bytesMovedBy(pid)) || 0, now) < least;
      if (!isSlow && now - since <= stallSeconds * 1000) return;
      guard.stalled = true;
      clearInterval(timer);
      subprocess.kill();
    },
    Math.min(1000, stallSeconds * 250),
  );
  return guard;
}

/** How fast something grows, on average over a span of time. */
class Rate {
  readonly #milliseconds: number;
  readonly #samples: { readonly at: number; readonly bytes: number }[] = [];

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  /** @returns bytes a second; Infinity before a whole span is over */
  add(bytes: number, at: number): number {
    this.#samples.push({ at, bytes });
    while ((this.#samples[1]?.at ?? at) <= at - this.#milliseconds) this.#samples.shift();
    const first = this.#samples[0];
    if (!first || at - first.at < this.#milliseconds) return Number.POSITIVE_INFINITY;
    return ((bytes - first.bytes) * 1000) / (at - first.at);
  }
}

/** A text that changes when the process has computed or moved bytes. */
function progressOf(pid: number): string {
  return `${statOfProcess(pid)?.ticks} ${bytesMovedBy(pid)}`;
}

/** Keeps the last messages, so that a run with many messages can't fill the memory. */
class LastSaid {
  readonly #limit: number;
  #messages: string[] = [];
  #length = 0;
  #forgotten = 0;

  /** @param limit - approximate number of bytes to keep */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get messages(): readonly string[] {
    return this.#messages.slice(this.#forgotten);
  }

  add(text: string, kind: Message['kind']): void {
    if (kind === 'keeper') return;
    this.#messages.push(text);
    this.#length += text.length;
    while (this.#length > this.#limit && this.#forgotten < this.#messages.length - 1) {
      this.#length -= this.#messages[this.#forgotten++]?.length ?? 0;
    }
    if (this.#forgotten * 2 > this.#messages.length) {
      this.#messages = this.#messages.slice(this.#forgotten);
      this.#forgotten = 0;
    }
  }
}
