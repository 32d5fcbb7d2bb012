import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Report, Request, Taken } from './protocol.js';
import type { Place, Tool } from './tools/tool.js';

/**
 * A tool that runs in a process of its own. Every call throws a {@link ToolFailure} when the tool
 * fails.
 */
export class ToolProcess {
  readonly #process: ChildProcess;
  #watching: { readonly seconds: number; readonly pid: number } | undefined;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  /** Starts and loads it. */
  static async load(tool: Tool, { installed, scratch }: Place): Promise<ToolProcess> {
    const child = fork(program, [tool.name, installed, scratch], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const started = new ToolProcess(child);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      started.#complaint = (started.#complaint + text).slice(-2000);
    });
    await started.#ask({ command: 'load' });
    return started;
  }

  /** Lets it watch. Resolves to the seconds until its last watch stood. */
  async open(root: string): Promise<number> {
    const report = await this.#ask({ command: 'open', root });
    if (report.kind === 'opened') this.#watching = report;
    return this.#watching?.seconds ?? Number.NaN;
  }

  /** Its process's resident memory, in MB of 10^6 bytes. */
  get megabytes(): number {
    const status = readFileSync(`/proc/${this.#pid}/status`, 'ascii');
    return (Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1]) * 1024) / 1e6;
  }

  /** How often its threads have gone to sleep or been put aside until now. */
  get wakeUps(): number {
    let sum = 0;
    for (const thread of readdirSync(`/proc/${this.#pid}/task`)) {
      const status = readFileSync(`/proc/${this.#pid}/task/${thread}/status`, 'ascii');
      for (const [, count] of status.matchAll(/ctxt_switches:\s*(\d+)/g)) sum += Number(count);
    }
    return sum;
  }

  /**
   * Blocks the main thread that hears what the tool says. Resolves to a promise of its going on.
   */
  async block(milliseconds: number): Promise<{ readonly over: Promise<unknown> }> {
    const blocking = this.#next('blocking');
    const over = this.#ask({ command: 'block', milliseconds });
    await blocking;
    await sleep(100);
    return { over };
  }

  /**
   * Waits until it has reported nothing new for so long (but no longer than half a minute), then
   * takes all of it.
   */
  async taken(quietMilliseconds: number): Promise<Taken> {
    const limit = performance.now() + 30_000;
    for (let last = -1, count = await this.#count(); count !== last; count = await this.#count()) {
      if (performance.now() > limit) break;
      last = count;
      await sleep(quietMilliseconds);
    }
    return (await this.#ask({ command: 'take' })) as Taken;
  }

  /** Ends it; one that doesn't hear is killed. */
  async end(): Promise<void> {
    if (!this.#runs) return;
    const closed = this.#ask({ command: 'close' }).catch(() => undefined);
    await Promise.race([closed, sleep(10_000, undefined, { ref: false })]);
    if (!this.#runs) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }

  #complaint = '';

  get #runs(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  get #pid(): number {
    return this.#watching?.pid ?? (this.#process.pid as number);
  }

  async #count(): Promise<number> {
    const report = await this.#ask({ command: 'count' });
    return report.kind === 'counted' ? report.count : 0;
  }

  async #ask(request: Request): Promise<Report> {
    const answer = this.#next('done', 'opened', 'counted', 'taken', 'failed');
    if (this.#process.connected) this.#process.send(request);
    const limit = request.command === 'open' ? openSeconds : answerSeconds;
    const report = await Promise.race([answer, sleep(limit * 1000, undefined, { ref: false })]);
    if (!report) throw new ToolFailure(`does not answer for ${limit} s`);
    if (report.kind === 'failed') throw new ToolFailure(report.text);
    return report;
  }

  #next(...kinds: readonly Report['kind'][]): Promise<Report> {
    return new Promise((resolve, reject) => {
      const onMessage = (report: Report) => {
        if (!kinds.includes(report.kind)) return;
        this.#process.off('exit', onExit);
        this.#process.off('message', onMessage);
        resolve(report);
      };
      const onExit = () => {
        this.#process.off('message', onMessage);
        reject(new ToolFailure(this.#complaint.trim() || 'its process has ended without a word'));
      };
      if (!this.#runs) return onExit();
      this.#process.on('message', onMessage);
      this.#process.once('exit', onExit);
    });
  }
}

/** The tool can't do it: reported, not passed over. */
export class ToolFailure extends Error {}

const openSeconds = 900;
const answerSeconds = 60;
const program = fileURLToPath(new URL('./tool-process.js', import.meta.url));
