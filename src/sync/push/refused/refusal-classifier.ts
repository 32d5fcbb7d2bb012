import type { Diagnosis } from '../../../csync2/refusals/diagnosis.js';

/**
 * Tells a peer that refuses everything (another key, another configuration, a name that does not
 * resolve there) from a peer that rejects single files. Only the peer's answer about a single file
 * counts. The peer is asked about a single file now and then.
 */
export class RefusalClassifier {
  /** When the peer took something last, in milliseconds since 1970. */
  #tookAt = Number.NEGATIVE_INFINITY;
  #isPeer = false;

  /** The peer refuses everything, as far as is known. */
  get isPeer(): boolean {
    return this.#isPeer;
  }

  /** The peer has taken something. Returns whether it refused everything before. */
  isOver(now = Date.now()): boolean {
    this.#tookAt = now;
    const was = this.#isPeer;
    this.#isPeer = false;
    return was;
  }

  /** A file was refused alone. Returns whether the reason is the peer and not the file. */
  isOfPeer(
    { meaning, outcome }: Pick<Diagnosis, 'meaning' | 'outcome'>,
    now = Date.now(),
  ): boolean {
    // A peer that took other files a moment ago leaves this one out: perhaps its file system is not
    // mounted there.
    const isSelective = outcome === 'denied' && now - this.#tookAt < recentMilliseconds;
    this.#isPeer = meaning === 'all' && !isSelective;
    return this.#isPeer;
  }
}

const recentMilliseconds = 60_000;
