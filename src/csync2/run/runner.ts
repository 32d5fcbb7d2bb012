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
  /** Seconds without any progress (CPU or I/O) after which the run is ended. Undefined: never. */
  readonly stallSeconds?: number;
  /**
   * Also ended if it has moved less on average in `stallSeconds`, as long as that `isWanted`:
   * somebody waits for it.
   */
  readonly leastRate?: LeastRate;
  /** Run at idle I/O and low CPU priority. */
  readonly idle?: boolean;
  /** Called when its process has been made. */
  readonly onSpawned?: (() => void) | undefined;
  /** Given all that csync2 prints on stdout, as it comes. */
  readonly onOutput?: (chunk: Buffer) => void;
  /** Given each message of csync2 as it comes; the result holds only the last of them. */
  readonly onMessage?: (message: Message) => void;
  /** Ends the run (SIGTERM; csync2's transactions roll back). */
  readonly signal?: AbortSignal;
}

/** How fast a run has to be while somebody waits for it. */
export interface LeastRate {
  readonly bytesPerSecond: number;
  readonly isWanted: () => boolean;
}

/** What came of a command. */
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
 * Runs csync2 commands of one instance. Never throws for what csync2 does: it is all in the result.
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
   * @param onEnded - told how each command has ended
   */
  constructor(instance: Instance, onEnded?: (mode: readonly string[], outcome: Outcome) => void) {
    this.#onEnded = onEnded;
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
    // With `-t`, each message begins with the time of day, which tells the launcher where it
    // begins.
    const args = [...instanceArguments(this.#instance, command.database), '-t', ...command.mode];
    const subprocess = execa(this.#launcher, this.#launcherArguments(command, args), {
      env: instanceEnvironment(this.#instance),
      stdio: ['ignore', 'pipe', 'pipe', command.paths ? argumentBytes(command.paths) : 'ignore'],
      buffer: false,
      reject: false,
      // Not in our process group: Ctrl-C is for us to handle. The launcher ends with us all the
      // same.
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
    // A file that it is to send may be a FIFO by then, or lie behind a link.
    if (command.mode.includes('-u')) launcher.push(`--preload=${preloadPath()}`);
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
 * Ends a run that neither computes nor moves bytes: csync2 itself has no time-out for connecting,
 * reading or writing, and a stopped peer would hold it for ever. A long transfer moves on and is
 * left alone, but for one that drips while somebody waits for its end.
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

/** Keeps the last messages, so that a talkative run can't fill the memory. */
class LastSaid {
  readonly #limit: number;
  #messages: string[] = [];
  #length = 0;
  #forgotten = 0;

  /** @param limit - bytes to keep, about */
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
