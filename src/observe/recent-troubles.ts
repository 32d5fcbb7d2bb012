/** What has gone wrong with queue or watcher. */
export type TroubleKind =
  | 'queue-disk-full'
  | 'queue-disk-failing'
  | 'queue-damaged'
  | 'queue-overflow'
  | 'changes-unseen';

/** The last trouble of its kind. */
export interface RecentTrouble {
  readonly kind: TroubleKind;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Undefined while it goes on. */
  readonly until: number | undefined;
}

/**
 * The last trouble of each kind since the start, so that it can be told when it is over. Whatever
 * the configuration is meanwhile: it is kept over reloads. Pure.
 */
export class RecentTroubles {
  readonly #troubles = new Map<TroubleKind, RecentTrouble>();
  /** What has failed and not succeeded since, by kind. */
  readonly #failing = new Map<string, TroubleKind>();

  /**
   * Something has gone wrong.
   *
   * @param what - what {@link ends} is to name; undefined: it is over at once
   * @param now - milliseconds since 1970
   */
  begins(kind: TroubleKind, what: string | undefined, now: number): void {
    // The same may fail for another reason now.
    if (what !== undefined && this.#failing.get(what) !== kind) this.ends(what, now);
    const before = this.#troubles.get(kind);
    const goesOn = before && before.until === undefined;
    // The later it has begun, the later it stands.
    if (!goesOn) this.#troubles.delete(kind);
    const since = goesOn ? before.since : now;
    if (what !== undefined) this.#failing.set(what, kind);
    const isOver = ![...this.#failing.values()].includes(kind);
    this.#troubles.set(kind, { kind, since, until: isOver ? now : undefined });
  }

  /** What had failed succeeds: a trouble is over when nothing fails any more because of it. */
  ends(what: string, now: number): void {
    const kind = this.#failing.get(what);
    if (!kind) return;
    this.#failing.delete(what);
    const trouble = this.#troubles.get(kind);
    const isOver = ![...this.#failing.values()].includes(kind);
    if (trouble && isOver) this.#troubles.set(kind, { ...trouble, until: now });
  }

  /** One of each kind at most, the one that has begun last first. */
  list(): readonly RecentTrouble[] {
    return [...this.#troubles.values()].reverse();
  }
}
