import type { Diagnosis } from '../../../csync2/refusals/diagnosis.js';

/**
 * Tells a peer that refuses everything (another key, another configuration, a name that does not
 * resolve there) from single files that it does not take; only its own word for one file counts. It
 * is asked about one file now and then.
 */
export class RefusalClassifier {
  /** When the peer has taken something last, milliseconds since 1970. */
  #tookAt = Number.NEGATIVE_INFINITY;
  #isPeer = false;

  /** The peer refuses everything, as far as is known. */
  get isPeer(): boolean {
    return this.#isPeer;
  }

  /** Something was taken. Whether everything was refused before. */
  isOver(now = Date.now()): boolean {
    this.#tookAt = now;
    const was = this.#isPeer;
    this.#isPeer = false;
    return was;
  }

  /** A file was refused alone. Whether that is the peer's, and not the file's, matter. */
  isOfPeer(
    { meaning, outcome }: Pick<Diagnosis, 'meaning' | 'outcome'>,
    now = Date.now(),
  ): boolean {
    // One that has taken others a moment ago leaves these out: what holds them may not be mounted
    // there.
    const isSelective = outcome === 'denied' && now - this.#tookAt < recentMilliseconds;
    this.#isPeer = meaning === 'all' && !isSelective;
    return this.#isPeer;
  }
}

const recentMilliseconds = 60_000;
