/** The purpose of a csync2 command. */
export type RunStage = 'check' | 'mark' | 'note' | 'update' | 'compare' | 'other';

/** Counts events from the start of the process, across configurations. */
export class Counts {
  readonly #runs = new Map<string, number>();
  readonly #sent = new Map<string, number>();
  readonly #lastSent = new Map<string, number>();
  fullChecksDone = 0;
  fullChecksIncomplete = 0;
  detectedLate = 0;
  /** Paths that were checked in this process. */
  checkedHere = 0;
  readonly #left = new Map<string, number>();

  /** A csync2 command has ended. */
  onRun = (mode: readonly string[], outcome: string): void => {
    const key = JSON.stringify([stageOf(mode), outcome]);
    this.#runs.set(key, (this.#runs.get(key) ?? 0) + 1);
  };

  /** Paths that were to be checked in this process were left to csync2. */
  onLeft(reason: string, count: number): void {
    this.#left.set(reason, (this.#left.get(reason) ?? 0) + count);
  }

  /** How many paths were left to csync2, by reason. */
  get left(): ReadonlyMap<string, number> {
    return this.#left;
  }

  onSent(peer: string, files: number, at = Date.now()): void {
    if (files > 0) this.#lastSent.set(peer, at);
    this.#sent.set(peer, this.sentTo(peer) + files);
  }

  /** Files that a peer has got from us. */
  sentTo(peer: string): number {
    return this.#sent.get(peer) ?? 0;
  }

  /** When a peer got a file from us last, milliseconds since 1970. */
  lastSentTo(peer: string): number | undefined {
    return this.#lastSent.get(peer);
  }

  /** Commands of csync2 by what they were for and how they ended. */
  *runs(): Generator<{ readonly stage: string; readonly result: string; readonly count: number }> {
    for (const [key, count] of this.#runs) {
      const [stage, result] = JSON.parse(key) as [string, string];
      yield { stage, result, count };
    }
  }
}

function stageOf(mode: readonly string[]): RunStage {
  if (mode.includes('-u')) return 'update';
  if (mode.includes('-I')) return 'note';
  for (const word of mode) {
    if (word.startsWith('-c')) return 'check';
    if (word.startsWith('-m')) return 'mark';
    if (word.startsWith('-T')) return 'compare';
  }
  return 'other';
}
