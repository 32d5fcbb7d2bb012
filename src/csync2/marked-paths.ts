import type { PathBytes } from '../path-bytes.js';
import type { Message } from './message.js';
import { type PathPrefix, realPathOf } from './name-encoding.js';

/** Gathers from csync2's messages at `-v` which files it marks dirty. */
export class MarkedPaths {
  readonly #prefixes: readonly PathPrefix[];
  readonly #paths: PathBytes[] = [];

  constructor(prefixes: readonly PathPrefix[]) {
    this.#prefixes = prefixes;
  }

  /** Takes the next message. */
  readonly add = ({ kind, text }: Message): void => {
    if (kind !== 'said' || !text.startsWith(marking)) return;
    const path = realPathOf(Buffer.from(text.slice(marking.length), 'latin1'), this.#prefixes);
    if (path) this.#paths.push(path);
  };

  /** Their real paths so far, in csync2's order. */
  get paths(): readonly PathBytes[] {
    return this.#paths;
  }
}

const marking = 'Marking file as dirty: ';
