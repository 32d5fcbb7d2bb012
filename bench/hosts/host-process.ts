import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchFailedError } from '../errors.js';
import { childrenOf } from './namespaces.js';

/** A long-running process in a host's namespaces; its output goes into a file. */
export class HostProcess {
  readonly #name: string;
  readonly #log: string;
  readonly #nsenter: ChildProcess;

  /** @param words - as {@link Namespaces.enter} gives them */
  constructor(name: string, words: readonly string[], log: string, env: NodeJS.ProcessEnv) {
    this.#name = name;
    this.#log = log;
    const output = openSync(log, 'a');
    const [program = '', ...args] = words;
    this.#nsenter = spawn(program, args, { stdio: ['ignore', output, output], env });
    closeSync(output);
  }

  get running(): boolean {
    return this.#nsenter.exitCode === null && this.#nsenter.signalCode === null;
  }

  /**
   * Waits until `condition` holds. Throws a {@link BenchFailedError} when the process ends, or
   * after the limit.
   */
  async until(
    what: string,
    limitSeconds: number,
    condition: () => boolean | Promise<boolean>,
  ): Promise<void> {
    const limit = performance.now() + limitSeconds * 1000;
    while (!(await condition())) {
      if (!this.running) throw this.#failed(`has ended before it was ${what}`);
      if (performance.now() > limit) throw this.#failed(`is not ${what} after ${limitSeconds} s`);
      await sleep(50);
    }
  }

  /** What it has written so far. */
  output(): string {
    return readFileSync(this.#log, 'latin1');
  }

  /**
   * SIGTERM, and SIGKILL if that is not heard within `seconds`. Its host's namespaces end what it
   * leaves behind.
   */
  async stop(seconds = 15): Promise<void> {
    if (!this.running) return;
    const ended = once(this.#nsenter, 'exit');
    // nsenter forks into the pid namespace and passes no signals on.
    const [pid] = childrenOf(this.#nsenter.pid as number);
    if (pid === undefined) this.#nsenter.kill('SIGKILL');
    else process.kill(pid, 'SIGTERM');
    const late = await Promise.race([
      ended.then(() => false),
      sleep(seconds * 1000, true, { ref: false }),
    ]);
    if (late) {
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
      await ended;
    }
  }

  #failed(what: string): BenchFailedError {
    const words = this.output().trimEnd().split('\n').slice(-8).join('\n');
    return new BenchFailedError(`${this.#name} ${what}`, `it said last:\n${words}`);
  }
}
