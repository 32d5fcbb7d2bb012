import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NativeSelection } from '#src/native/selection.js';
import { loadNative } from '#src/native.js';
import type { WatcherOptions } from '#src/watch/watcher.js';
import { Watcher } from '#src/watch/watcher.js';

/** Selects everything below the given directories, as `include` lines do. */
export function selectionOf(...directories: string[]): NativeSelection {
  const patterns = directories.map((directory) => ({
    text: Buffer.from(directory),
    include: true,
  }));
  return new (loadNative().Selection)({ groups: [{ patterns }], prefixes: [] });
}

/**
 * A watcher on a fresh directory, and what it has reported. Names are kept one character a byte.
 */
export class WatchFixture {
  readonly base = mkdtempSync(join(tmpdir(), 'ics-watch-'));
  readonly root = join(this.base, 'root');
  readonly outside = join(this.base, 'outside');
  readonly files = new Set<string>();
  readonly trees = new Set<string>();
  readonly losses: string[] = [];
  watcher!: Watcher;
  failure: unknown;
  /** The iteration is over. */
  ended = false;
  #iteration: Promise<void> | undefined;

  constructor(context: TestContext) {
    mkdirSync(this.root);
    mkdirSync(this.outside);
    context.after(async () => {
      await this.watcher?.close();
      await this.#iteration;
      rmSync(this.base, { recursive: true, force: true });
    });
  }

  /** Opens the watcher, waits for its first walk. */
  async start(options: Partial<WatcherOptions> = {}): Promise<void> {
    this.open(options);
    await this.watcher.ready;
  }

  open(options: Partial<WatcherOptions> = {}): void {
    this.ended = false;
    this.watcher = Watcher.open({ selection: selectionOf(this.root), ...options });
    const before = this.#iteration;
    this.#iteration = Promise.all([before, this.#collect(this.watcher)]).then(() => undefined);
  }

  /** Whether a record covers the path: itself, or `tree` for a directory above it. */
  covers(path: string): boolean {
    if (this.files.has(path)) return true;
    for (let at = path; at.length >= this.root.length; at = at.slice(0, at.lastIndexOf('/'))) {
      if (this.trees.has(at)) return true;
    }
    return false;
  }

  /** Runs a bash script in the root, as an outside process. */
  async bash(script: string): Promise<void> {
    const child = spawn('bash', ['-c', `set -e; cd "$0"; ${script}`, this.root], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const code = await new Promise((resolve) => child.on('exit', resolve));
    if (code !== 0) throw new Error(`bash ended with ${code}: ${script}`);
  }

  /**
   * Waits until a file made now has been reported, hence everything before it, and until no
   * directory waits for anything. Then forgets what has been reported, if told so.
   */
  async quiet({ forget = false } = {}): Promise<void> {
    const name = `mark-${Math.random().toString(36).slice(2)}`;
    await this.bash(`echo > ${name}`);
    await until(() => this.files.has(join(this.root, name)), `${name} to be reported`);
    await until(() => this.watcher.stats().detached === 0, 'no directory to be detached');
    await until(() => this.watcher.stats().pendingBytes === 0, 'all records to be taken');
    if (forget) this.forget();
  }

  forget(): void {
    this.files.clear();
    this.trees.clear();
  }

  async #collect(watcher: Watcher): Promise<void> {
    try {
      for await (const batch of watcher) {
        for (const entry of batch) {
          if (entry.kind === 'loss') this.losses.push(entry.reason);
          else (entry.kind === 'tree' ? this.trees : this.files).add(entry.path.toString('latin1'));
        }
      }
    } catch (error) {
      this.failure = error;
    }
    this.ended = true;
  }
}

/** Waits for a condition; fails with what it waited for. The bound is for broken code only. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + 60_000; !condition(); ) {
    if (Date.now() > end) throw new Error(`waited a minute for ${what}`);
    await sleep(5);
  }
}
