import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { BenchFailedError } from '../errors.js';

/**
 * A shell that stays open in a host's namespaces, so that neither its start nor nsenter's is
 * measured.
 */
export class HostShell {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #interface: Interface;

  constructor(words: readonly string[], env: NodeJS.ProcessEnv) {
    const [program = '', ...args] = words;
    this.#process = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env });
    this.#process.stdin.on('error', () => {});
    this.#interface = createInterface({ input: this.#process.stdout });
    this.#lines = this.#interface[Symbol.asyncIterator]();
  }

  /**
   * Runs a script. Resolves to its exit code. Throws a {@link BenchFailedError} when the shell has
   * ended.
   */
  async run(script: string): Promise<number> {
    this.#process.stdin.write(`{ ${script}\n} </dev/null >/dev/null 2>&1; echo "$?"\n`);
    const { value, done } = await this.#lines.next();
    if (done)
      throw new BenchFailedError(
        'a shell in a host has ended',
        'look whether somebody has killed it',
      );
    return Number(value);
  }

  /** Ends it, and a command that hangs in it with it when the host ends. */
  close(): void {
    this.#process.stdin.end();
    this.#interface.close();
  }
}

/** A word that a shell takes as it is. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
