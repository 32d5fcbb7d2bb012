import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { askDaemon } from '#src/observe/control-client.js';
import type { Status } from '#src/observe/status.js';
import { controlSocket } from '#src/state/run-files.js';
import { atEnd } from '../endings.js';
import { BenchFailedError, NotRootError } from '../errors.js';
import type { Findings } from '../findings.js';
import type { BenchOptions } from '../options.js';
import { progress } from '../progress.js';
import { median, rounded } from '../statistics.js';
import { shown, table } from '../table.js';
import { makeWideTree } from '../watching/wide-tree.js';

/**
 * Time from the daemon's start to READY=1, and until nothing is to be checked any more, with
 * nothing left by a run before and with its watches taken over.
 */
export async function restart(options: BenchOptions): Promise<Findings> {
  if (process.getuid?.() !== 0) throw new NotRootError('csync2');
  const directory = mkdtempSync(join(options.directory, 'ics-restart-'));
  atEnd(() => {
    if (options.keep) progress(`left behind: ${directory}`);
    else rmSync(directory, { recursive: true, force: true });
  });
  progress(`making ${options.dirs} directories`);
  await makeWideTree(join(directory, 'tree'), options.dirs);
  const service = new ManagedDaemon(directory);
  atEnd(() => service.end());
  const fresh: Times[] = [];
  const taken: Times[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    service.tell('empty');
    fresh.push(await service.start());
    await service.stop();
    taken.push(await service.start());
    await service.stop();
    progress(`round ${round + 1} of ${options.rounds}`);
  }
  const of = (times: readonly Times[], what: keyof Times) =>
    median(times.map((time) => time[what]));
  const row = (title: string, times: readonly Times[]) => [
    ...[title, shown(of(times, 'ready'), 2), shown(of(times, 'checked'), 2)],
  ];
  const head = [`${options.dirs} directories`, 'start to READY s', 'to nothing to check s'];
  const rows = [row('nothing left from before', fresh), row('watches taken over', taken)];
  return {
    table: table([head, ...rows]),
    json: {
      dirs: options.dirs,
      rounds: options.rounds,
      without_store_ready_s: rounded(of(fresh, 'ready'), 3),
      without_store_checked_s: rounded(of(fresh, 'checked'), 3),
      with_store_ready_s: rounded(of(taken, 'ready'), 3),
      with_store_checked_s: rounded(of(taken, 'checked'), 3),
    },
  };
}

/** Seconds from the start. */
interface Times {
  readonly ready: number;
  readonly checked: number;
}

type Line = Readonly<Record<string, unknown>>;

/**
 * The daemon with csync2 and a tree of its own, under a small service manager. No server, no peers:
 * nothing is sent.
 */
class ManagedDaemon {
  readonly #child: ChildProcess;
  readonly #socket: string;
  #take: (line: Line) => void = () => undefined;

  constructor(directory: string) {
    const file = (name: string) => join(directory, name);
    this.#socket = controlSocket(file('run'));
    execFileSync('csync2', ['-k', file('key')]);
    mkdirSync(file('database'));
    mkdirSync(file('queue'), { mode: 0o700 });
    const text = `group bench { host bench; key ${file('key')}; include ${file('tree')}; }\ndatabase ${file('database')};\n`;
    writeFileSync(file('csync2.cfg'), text);
    writeFileSync(file('csync2.log'), '');
    const words = [
      ...[
        process.execPath,
        commandLine,
        'run',
        '-N',
        'bench',
        '--cfg-path',
        directory,
        '--server',
        'external',
      ],
      ...['--queue-file', file('queue/queue.log'), '--runtime-directory', file('run')],
      ...['--csync-log', file('csync2.log')],
    ];
    mkdirSync(file('run'), { mode: 0o700 });
    const log = openSync(file('daemon.log'), 'a');
    this.#child = spawn('python3', [manager, ...words], { stdio: ['pipe', 'pipe', log] });
    closeSync(log);
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) =>
      this.#take(JSON.parse(line) as Line),
    );
  }

  /** Starts it, and waits until it has nothing to do. */
  async start(): Promise<Times> {
    const began = performance.now();
    this.tell('start');
    await this.#until(
      'ready',
      ({ notify }) => typeof notify === 'string' && notify.includes('READY=1'),
    );
    const ready = (performance.now() - began) / 1000;
    while (!(await this.#isIdle())) await sleep(20);
    return { ready, checked: (performance.now() - began) / 1000 };
  }

  async #isIdle(): Promise<boolean> {
    const {
      state,
      queue,
      full_check_due: due,
    } = (await askDaemon(this.#socket, { command: 'status' })) as Status;
    return state === 'idle' && queue.depth === 0 && due === null;
  }

  async stop(): Promise<void> {
    this.tell('signal 15');
    await this.#until('to have ended', (line) => 'exited' in line, true);
  }

  tell(command: string): void {
    this.#child.stdin?.write(`${command}\n`);
  }

  end(): void {
    this.#child.stdin?.end();
  }

  #until(what: string, fits: (line: Line) => boolean, mayEnd = false): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#take = (line) => {
        if (fits(line)) resolve();
        else if ('exited' in line && !mayEnd)
          reject(
            new BenchFailedError(
              `the daemon ended instead of being ${what}`,
              'see daemon.log with --keep',
            ),
          );
      };
    });
  }
}

// This file runs as build/bench/restart/restart.js.
const manager = fileURLToPath(new URL('../../../test/support/service-manager.py', import.meta.url));
const commandLine = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
