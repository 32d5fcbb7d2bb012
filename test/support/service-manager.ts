import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A line that the manager or its service has written. */
export type ServiceLine = Readonly<Record<string, unknown>>;

/**
 * A service manager as small as can be, for what needs no real one: it runs one program, keeps the
 * descriptors that this sends with FDSTORE=1, and hands them over at the next start. All in one
 * JSON line each: what the service prints, `{notify}` for a message of its, `{started}` with its
 * pid, `{exited}` with its wait status.
 */
export class ServiceManager {
  readonly #child: ChildProcess;
  readonly #lines: ServiceLine[] = [];
  #arrived: () => void = () => undefined;

  /** @param words - the service's program and arguments */
  constructor(words: readonly string[]) {
    this.#child = spawn('python3', [manager, ...words], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.on('exit', () => this.#arrived());
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.#lines.push(JSON.parse(line) as ServiceLine);
      this.#arrived();
    });
  }

  start(): void {
    this.#tell('start');
  }

  /** Sends the service a signal. */
  signal(number: number): void {
    this.#tell(`signal ${number}`);
  }

  /** As systemd does at the end of a unit: closes what it keeps. */
  empty(): void {
    this.#tell('empty');
  }

  /** Waits for the next line that fits, and passes over those before it. Throws after a minute. */
  async next(what: string, fits: (line: ServiceLine) => boolean): Promise<ServiceLine> {
    const end = Date.now() + 60_000;
    for (const seen: ServiceLine[] = []; ; ) {
      const line = this.#lines.shift();
      if (line && fits(line)) return line;
      if (line) {
        seen.push(line);
        continue;
      }
      if (this.#child.exitCode !== null) throw new Error('the service manager has ended');
      const left = end - Date.now();
      if (left <= 0)
        throw new Error(`waited a minute for ${what}: ${JSON.stringify(seen.slice(-10))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#arrived = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Ends the service, with SIGKILL, and the manager. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#child.on('exit', resolve));
    this.#child.stdin?.end();
    await ended;
  }

  #tell(command: string): void {
    this.#child.stdin?.write(`${command}\n`);
  }
}

// This file runs as build/test/support/service-manager.js.
const manager = fileURLToPath(new URL('../../../test/support/service-manager.py', import.meta.url));
