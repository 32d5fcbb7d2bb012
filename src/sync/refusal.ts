import type { Diagnosis } from '../csync2/diagnosis.js';

/**
 * Tells a peer that refuses everything (another key, another configuration, a name that does not resolve there) from
 * single files that it does not take (a conflict, foreign files in a directory). The first is asked about one file
 * now and then; the second rest and are parked one by one.
 */
export class Refusal {
  #inARow = 0;
  /** When the peer has taken something last, milliseconds since 1970. */
  #tookAt = Number.NEGATIVE_INFINITY;
  #isPeer = false;
  #isFiles = false;

  /** The peer refuses everything, as far as is known. */
  get isPeer(): boolean {
    return this.#isPeer;
  }

  /** Something was taken. Whether it was refused before because of the peer. */
  isOver(now = Date.now()): boolean {
    this.#tookAt = now;
    const was = this.#isPeer;
    this.#inARow = 0;
    this.#isPeer = false;
    this.#isFiles = false;
    return was;
  }

  /** A push in which nothing was taken. Whether that is the peer's, and not the files', matter. */
  isOfPeer(refused: number, diagnosis: Diagnosis | undefined, now = Date.now()): boolean {
    if (diagnosis) {
      // One that has taken others a moment ago refuses these: it may lack the disk for them, or leave them out.
      if (diagnosis.outcome === 'denied' && now - this.#tookAt < recentMilliseconds) {
        this.#isFiles = true;
        this.#isPeer = false;
        return false;
      }
      if (isOfAll(diagnosis)) this.#isPeer = true;
      // A conflict, or a reason that the peer has for one file, says that it knows us and would take others.
      this.#isFiles = !isOfAll(diagnosis) && (diagnosis.outcome === 'conflict' || diagnosis.detail !== '');
      if (this.#isFiles) this.#isPeer = false;
      return this.#isPeer;
    }
    this.#inARow += refused;
    if (!this.#isFiles && this.#inARow > refusedInARow) this.#isPeer = true;
    return this.#isPeer;
  }
}

function isOfAll({ outcome, detail }: Diagnosis): boolean {
  return outcome === 'denied' || outcome === 'unidentified' || (outcome === 'refused' && ofDisk.test(detail));
}

/** strerror(3) of what holds for every file of a file system, and not for those of one user. */
const ofDisk = /^(No space left on device|Read-only file system|Input\/output error)\.?$/;
const recentMilliseconds = 60_000;
/** More files than this in a row, and none taken: it is hardly the files. */
const refusedInARow = 50;
