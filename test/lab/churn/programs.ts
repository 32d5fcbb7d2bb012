/** Runs the Python programs of a churn. */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A program that was given its request and says a line of JSON now and then. */
export class Program<Line> {
  readonly lines: Line[] = [];
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<void>;

  /** Starts it. With `open`, its standard input stays open after the request until {@link end}. */
  constructor(name: string, request: unknown, open = false) {
    this.#child = spawn(python(), [fileURLToPath(new URL(`${sources}/${name}`, import.meta.url))]);
    running.add(this.#child);
    let complaint = '';
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    this.#child.stdin.on('error', () => {});
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    if (!open) this.#child.stdin.end();
    createInterface({ input: this.#child.stdout }).on('line', (line) =>
      this.lines.push(JSON.parse(line)),
    );
    this.#ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', (code, signal) => {
        running.delete(this.#child);
        if (code === 0) resolve();
        else reject(new Error(`${name} ended with ${code ?? signal}: ${complaint}`));
      });
    });
    // Somebody may wait for it later, or not at all.
    this.#ended.catch(() => {});
  }

  /** Waits until it has ended by itself; gives all that it said. */
  async result(): Promise<readonly Line[]> {
    await this.#ended;
    return this.lines;
  }

  /** Closes its standard input and waits for its end. */
  end(): Promise<readonly Line[]> {
    this.#child.stdin.end();
    return this.result();
  }
}

/** Kills what still runs. */
export function endPrograms(): void {
  for (const child of running) child.kill('SIGKILL');
}

const running = new Set<ChildProcessWithoutNullStreams>();
let found: string | undefined;

/** The interpreter itself: what PATH has may be a script that looks for it, slowly. */
function python(): string {
  found ??= execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], {
    encoding: 'utf8',
  }).trim();
  return found;
}

/** The compiled files lie in build/test/lab/churn, what is not compiled stays with the sources. */
const sources = '../../../../test/lab/churn';
