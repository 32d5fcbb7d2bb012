import type { PathBytes } from '../path-bytes.js';
import { type PathPrefix, realPathOf } from './name-encoding.js';

/**
 * Reads from what csync2 says at `-v` which files it marks dirty. Names are printed as they are: one that holds a
 * newline goes on in the next line, which looks like none of csync2's own.
 */
export class MarkedPaths {
  readonly #prefixes: readonly PathPrefix[];
  readonly #names: string[] = [];
  #bytes = 0;
  #pending = '';
  #isInName = false;

  constructor(prefixes: readonly PathPrefix[]) {
    this.#prefixes = prefixes;
  }

  /** Takes the next piece of the output. */
  readonly add = (chunk: Buffer): void => {
    const lines = (this.#pending + chunk.toString('latin1')).split('\n');
    this.#pending = lines.pop() ?? '';
    for (const line of lines) this.#read(line);
  };

  /** Whether those are all: of very many only the first are kept. */
  get isComplete(): boolean {
    return this.#bytes <= bytesKept;
  }

  /** Their real paths so far, in csync2's order. */
  get paths(): readonly PathBytes[] {
    return this.#names.flatMap((name) => {
      const path = realPathOf(Buffer.from(name, 'latin1'), this.#prefixes);
      return path ? [path] : [];
    });
  }

  #read(line: string): void {
    if (this.isComplete) this.#bytes += line.length;
    if (!this.isComplete) return;
    if (line.startsWith(marking)) {
      this.#names.push(line.slice(marking.length));
      this.#isInName = true;
    } else if (ownLine.test(line)) {
      this.#isInName = false;
    } else if (this.#isInName) {
      this.#names.push(`${this.#names.pop()}\n${line}`);
    }
  }
}

/** More than what one command is given: a tree may have grown meanwhile. */
const bytesKept = 64 * 1024 * 1024;
const marking = 'Marking file as dirty: ';
/** What else csync2 says in a check, and all with which it ends. */
const ownLine =
  /^(Connection closed\.|Finished with |WARNING: |ERROR: |Database |This should not happen|Not in one of my groups|Running )/;
