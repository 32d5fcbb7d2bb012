import type { PathBytes } from '../../text/path-bytes.js';
import { type PathPrefix, realPathOf } from '../files/name-encoding.js';
import type { Message } from './message.js';

/** Gathers the files that csync2 marks dirty from its messages at `-v`. */
export class MarkedPaths {
  readonly #prefixes: readonly PathPrefix[];
  readonly #paths: PathBytes[] = [];
  #bytes = 0;

  constructor(prefixes: readonly PathPrefix[]) {
    this.#prefixes = prefixes;
  }

  /** Takes the next message. */
  readonly add = ({ kind, text }: Message): void => {
    if (kind !== 'said' || !text.startsWith(marking)) return;
    this.#bytes += text.length;
    if (!this.isComplete) return;
    const path = realPathOf(Buffer.from(text.slice(marking.length), 'latin1'), this.#prefixes);
    if (path) this.#paths.push(path);
  };

  /** Whether the list is complete. If it grows too long, only its beginning is kept. */
  get isComplete(): boolean {
    return this.#bytes <= bytesKept;
  }

  /** Their real paths so far, in csync2's order. */
  get paths(): readonly PathBytes[] {
    return this.#paths;
  }
}

/** More than one command is given. A tree may have grown meanwhile. */
const bytesKept = 64 * 1024 * 1024;
const marking = 'Marking file as dirty: ';
