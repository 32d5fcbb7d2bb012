import type { Diagnosis } from '../csync2/refusals/diagnosis.js';
import type { Outcome } from '../csync2/run/result.js';
import type { QueueEntry } from '../queue/entry.js';
import type { FullCheckReport } from '../sync/full-check/full-check.js';
import type { PushReport } from '../sync/push/lane.js';
import type { PathBytes } from '../text/path-bytes.js';
import { ChangeTimes } from './change-times.js';
import type { EventRing } from './event-ring.js';

/**
 * Puts reports into the ring of events. Keeps paths as bytes, and leaves it to readers to make text
 * of them.
 */
export class EventFeed {
  readonly #ring: EventRing;
  readonly #changes = new ChangeTimes();
  /** Peers that are known to fail, and why. */
  readonly #failing = new Map<string, Outcome>();
  readonly #names = new Map<string, string>();

  constructor(ring: EventRing) {
    this.#ring = ring;
  }

  /** The watcher has reported changes. */
  noticed(entries: readonly QueueEntry[], at: number): void {
    for (const entry of entries) if (entry.kind !== 'loss') this.#changes.note(entry.path, at);
  }

  /** A push has ended. */
  pushed({ accepted, peer, sent }: Pick<PushReport, 'accepted' | 'peer' | 'sent'>): void {
    if (!accepted) {
      if (sent > 0) this.#ring.add({ event: 'sent', at: Date.now(), peer, files: sent });
      return;
    }
    for (const { at, begunAt, kind, path } of accepted) {
      // A later change may not have been sent yet.
      const changedAt = this.#changes.before(path, begunAt);
      const ms = changedAt === undefined ? undefined : at - changedAt;
      this.#ring.add({ event: 'sent', at, peer, kind, ms }, path);
    }
  }

  /** A session has received a file. */
  received(path: PathBytes, peer: string, at: number): void {
    this.#ring.add({ event: 'received', at, peer: this.#nameOf(peer) }, path);
  }

  /** A peer rejects a file. */
  rejected(path: PathBytes, peer: string, { outcome }: Pick<Diagnosis, 'outcome'>): void {
    const at = Date.now();
    if (outcome === 'conflict') this.#ring.add({ event: 'conflict', at, peer }, path);
    else this.#ring.add({ event: 'rejected', at, peer, reason: outcome }, path);
  }

  /** A peer gets no files. A new reason makes a new event. */
  failing(peer: string, state: Outcome): void {
    if (this.#failing.get(peer) === state) return;
    this.#failing.set(peer, state);
    this.#ring.add({ event: 'peer', at: Date.now(), peer, state });
  }

  /** A peer gets files again. */
  back(peer: string): void {
    if (this.#failing.delete(peer))
      this.#ring.add({ event: 'peer', at: Date.now(), peer, state: 'back' });
  }

  /** An administrator has paused a peer. */
  paused(peer: string): void {
    this.#ring.add({ event: 'peer', at: Date.now(), peer, state: 'paused' });
  }

  resumed(peer: string): void {
    this.#ring.add({ event: 'peer', at: Date.now(), peer, state: 'resumed' });
  }

  fullCheckBegun(reason: string): void {
    this.#ring.add({ event: 'full-check', at: Date.now(), state: 'begun' }, Buffer.from(reason));
  }

  fullCheckEnded({ complete, found, seconds }: FullCheckReport): void {
    const state = complete ? 'finished' : 'incomplete';
    const ms = Math.round(seconds * 1000);
    this.#ring.add({ event: 'full-check', at: Date.now(), state, files: found, ms });
  }

  /** The watcher has not seen everything. */
  lost(reason: string): void {
    this.#ring.add({ event: 'loss', at: Date.now() }, Buffer.from(reason));
  }

  /**
   * Keeps one string for each peer. A given string may be part of a message, which it would keep in
   * memory.
   */
  #nameOf(peer: string): string {
    const known = this.#names.get(peer);
    if (known !== undefined) return known;
    if (this.#names.size >= mostNames) this.#names.clear();
    const name = Buffer.from(peer).toString();
    this.#names.set(name, name);
    return name;
  }
}

/** More than there are hosts in any csync2.cfg. */
const mostNames = 1000;
