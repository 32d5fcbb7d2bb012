import { readFileSync, rmSync } from 'node:fs';
import { replaceFile } from '../../state/replace-file.js';

/** A time from its beginning to its end, in milliseconds since 1970. */
type Span = readonly [from: number, to: number];

/**
 * The times in which changes may have gone unseen, until a full check has completed: times when no
 * run watched, and the time around each loss. The spans are on disk, because a run may end before
 * its full check does. Changes at any other time were handled then, whether they were received or
 * made here.
 */
export class UnseenSpans {
  readonly #file: string;
  #spans: Span[];

  private constructor(file: string, spans: readonly Span[]) {
    this.#file = file;
    this.#spans = [...spans];
  }

  /**
   * Reads the spans of earlier runs. If they can't be read, changes may have gone unseen at any
   * time until now.
   */
  static open(file: string, now = Date.now()): UnseenSpans {
    return new UnseenSpans(file, readSpans(file) ?? [[0, now]]);
  }

  /** Adds a time, before any later event is handled. */
  add(from: number, to: number): void {
    const [merged, others] = [{ from, to }, [] as Span[]];
    for (const span of this.#spans) {
      if (span[1] < merged.from || span[0] > merged.to) others.push(span);
      else
        Object.assign(merged, {
          from: Math.min(span[0], merged.from),
          to: Math.max(span[1], merged.to),
        });
    }
    this.#spans = [...others, [merged.from, merged.to] as Span].sort((a, b) => a[0] - b[0]);
    if (this.#spans.length > mostSpans)
      this.#spans = [[this.#spans[0]?.[0] ?? 0, this.#spans.at(-1)?.[1] ?? to]];
    this.#save();
  }

  /** A full check that began at this moment has completed. */
  forgetBefore(begunAt: number): void {
    this.#spans = this.#spans.filter(([, to]) => to > begunAt);
    this.#save();
  }

  /** The beginning of the first span; undefined if there is none. */
  get since(): number | undefined {
    return this.#spans[0]?.[0];
  }

  /** Whether this moment lies in one of the spans. */
  covers(time: number): boolean {
    return this.#spans.some(([from, to]) => time >= from && time <= to);
  }

  /**
   * If the file can't be written, on a full disk, it is removed, and the next run counts all the
   * time before it as unseen; the queue reports a loss as well.
   */
  #save(): void {
    try {
      // After a crash of the machine a full check is due anyway.
      replaceFile(this.#file, `${JSON.stringify(this.#spans)}\n`, { isDurable: false });
    } catch {
      rmSync(this.#file, { force: true });
    }
  }
}

/** Undefined if there is no file, or if it can't be read. */
function readSpans(file: string): Span[] | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return Array.isArray(value) && value.every(isSpan) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isSpan(value: unknown): value is Span {
  return (
    Array.isArray(value) && value.length === 2 && value.every((each) => typeof each === 'number')
  );
}

const mostSpans = 100;
