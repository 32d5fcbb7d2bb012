/** The way of one change to one peer, cut into stages: where its milliseconds go. */
import type { PathBytes } from '../../text/path-bytes.js';

/** The stages, in their order; each begins when the one before it ends. */
export const stages = [
  'kernel',
  'reader',
  'queue',
  'gather',
  'window',
  'look',
  'check spawn',
  'check',
  'lane',
  'database',
  'push spawn',
  'push',
] as const;
export type Stage = (typeof stages)[number];

/** What each stage is. */
export const stageText: Readonly<Record<Stage, string>> = {
  kernel: 'from the change until the reader has its event',
  reader: 'until the record is in the daemon',
  queue: 'until it is in the queue on disk',
  gather: 'until it is taken from the queue, with what belongs to it',
  window: "until csync2's database is free",
  look: 'until csync2 is started: what has become of the file',
  'check spawn': 'until the process of the check has been made',
  check: '`csync2 -c`',
  lane: "until the peer's lane has the database",
  database: 'until the private database is made',
  'push spawn': 'until the process of the push has been made',
  push: '`csync2 -u`, until the peer has accepted the file',
};

/** Pure: all times are given, in milliseconds of one clock. */
export class Timeline {
  readonly path: PathBytes;
  /** When the file was changed. */
  readonly began: number;
  readonly #spent = new Map<Stage, number>();
  #at: number;

  constructor(path: PathBytes, began: number) {
    this.path = path;
    this.began = began;
    this.#at = began;
  }

  /**
   * A stage has lasted until a moment, from the end of the one before. A stage that is left out has
   * taken no time, one that comes again takes the sum. What is said to have ended before the last
   * one has taken no time either: clocks of other processes are coarse.
   */
  mark(stage: Stage, at: number): void {
    const until = Math.max(at, this.#at);
    this.#spent.set(stage, (this.#spent.get(stage) ?? 0) + until - this.#at);
    this.#at = until;
  }

  /** Goes its own way from here: to each peer. */
  fork(): Timeline {
    const other = new Timeline(this.path, this.began);
    other.#at = this.#at;
    for (const [stage, spent] of this.#spent) other.#spent.set(stage, spent);
    return other;
  }

  /** Milliseconds of each stage that was marked, in the order of the stages. */
  get spent(): readonly (readonly [Stage, number])[] {
    return stages.flatMap((stage) => {
      const milliseconds = this.#spent.get(stage);
      return milliseconds === undefined ? [] : [[stage, milliseconds] as const];
    });
  }
}
