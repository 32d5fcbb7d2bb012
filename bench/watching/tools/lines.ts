import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/**
 * Words before a program for setpriv(1): the kernel kills it when the process that started it ends
 * in any way.
 */
export const untilWeEnd: readonly string[] = ['--pdeathsig', 'KILL', '--'];

/** A program that writes its reports as lines. */
export class LineProgram {
  readonly #process: ChildProcessByStdio<null, Readable, Readable>;
  #said = '';

  /** @param onLine - told every line of its stdout */
  constructor(
    program: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    onLine: (line: string) => void,
  ) {
    this.#process = spawn('setpriv', [...untilWeEnd, program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
    });
    createInterface({ input: this.#process.stdout }).on('line', onLine);
    this.#process.stderr.setEncoding('utf8');
  }

  get pid(): number {
    return this.#process.pid as number;
  }

  /** Resolves when its stderr has said `words`. Rejects when it ends before. */
  async said(words: string): Promise<void> {
    for await (const text of this.#process.stderr.iterator({
      destroyOnReturn: false,
    }) as AsyncIterable<string>) {
      this.#said += text;
      if (!this.#said.includes(words)) continue;
      // It must not block on a full pipe from here on.
      this.#process.stderr.resume();
      return;
    }
    throw new Error(this.#said.trim() || 'it has ended without a word');
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill();
    await ended;
  }
}
