import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { BenchFailedError } from '../errors.js';

/**
 * Namespaces (network, mount, pid) kept alive by one process in them. They have no names: whatever
 * happens to us, our end closes the keeper's stdin, the keeper ends, and the kernel removes all
 * processes, mounts and links in them.
 */
export class Namespaces {
  /** The keeper as the machine sees it, for nsenter(1) and `ip link … netns`. */
  readonly pid: number;
  readonly #unshare: ChildProcess;

  private constructor(unshare: ChildProcess, pid: number) {
    this.#unshare = unshare;
    this.pid = pid;
  }

  /** Makes them and runs `setup`, a bash script, inside. */
  static async create(setup: string): Promise<Namespaces> {
    const unshare = spawn(
      'unshare',
      [
        ...[
          '--net',
          '--mount',
          '--propagation',
          'private',
          '--pid',
          '--fork',
          '--kill-child',
          '--mount-proc',
        ],
        ...['bash', '-c', `set -e\n${setup}\necho ready\nexec cat`],
      ],
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    let complaint = '';
    unshare.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    for await (const line of createInterface({ input: unshare.stdout })) {
      const [keeper] = childrenOf(unshare.pid as number);
      if (line === 'ready' && keeper !== undefined) return new Namespaces(unshare, keeper);
    }
    throw new BenchFailedError(
      `no namespaces: ${complaint.trim()}`,
      'run this as root, outside containers',
    );
  }

  /** The words that run a command inside. */
  enter(words: readonly string[]): readonly string[] {
    return ['nsenter', '-t', String(this.pid), '-n', '-m', '-p', '--', ...words];
  }

  /** Kills everything inside. */
  async end(): Promise<void> {
    if (this.#unshare.exitCode !== null || this.#unshare.signalCode !== null) return;
    const ended = once(this.#unshare, 'exit');
    this.#unshare.kill('SIGKILL');
    await ended;
  }
}

/** Pids of a process's children; empty if it has gone (proc_pid_task_children(5)). */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'ascii')
      .split(' ')
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}
