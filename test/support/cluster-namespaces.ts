import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/**
 * Namespaces (network, mounts, processes) of one node, kept alive by one process in them. They have
 * no names: when this process ends, however it ends, the keeper's standard input closes, the keeper
 * goes, and the kernel removes all processes, mounts and links that were in them.
 */
export class Namespaces {
  /** The keeper as this machine sees it, for nsenter(1), `ip link … netns` and `/proc/PID/root`. */
  readonly pid: number;
  readonly #unshare: ChildProcess;

  private constructor(unshare: ChildProcess, pid: number) {
    this.#unshare = unshare;
    this.pid = pid;
  }

  /** Makes them and runs `setup`, a bash script, inside. Throws with what it said if it fails. */
  static async create(setup: string): Promise<Namespaces> {
    const kinds = ['--net', '--mount', '--propagation', 'private', '--pid', '--mount-proc'];
    const unshare = spawn(
      'unshare',
      [...kinds, '--fork', '--kill-child', 'bash', '-c', `set -e\n${setup}\necho ready\nexec cat`],
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
    throw new Error(`no namespaces could be made (are you root?): ${complaint.trim()}`);
  }

  /** The words that run a command inside. */
  enter(words: readonly string[]): string[] {
    return ['nsenter', '-t', String(this.pid), '-n', '-m', '-p', '--', ...words];
  }

  /**
   * The words that run a command with this network, but with the processes and files of the
   * machine.
   */
  enterNetwork(words: readonly string[]): string[] {
    return ['nsenter', '-t', String(this.pid), '-n', '--', ...words];
  }

  /** Kills all that is inside. */
  async end(): Promise<void> {
    if (this.#unshare.exitCode !== null || this.#unshare.signalCode !== null) return;
    const ended = once(this.#unshare, 'exit');
    this.#unshare.kill('SIGKILL');
    await ended;
  }
}

/**
 * Pids of a process's children, whichever of its threads made them; empty if it is gone
 * (proc_pid_task(5)).
 */
export function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
      const text = readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1');
      return text.split(' ').filter(Boolean).map(Number);
    });
  } catch {
    return [];
  }
}

/** The words of a process's command line; empty if it is gone. */
export function wordsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

/** Sends a signal to a process that may have ended by itself. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
