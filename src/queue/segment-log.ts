import type { QueuePosition } from './cursor.js';
import { errnoOf, type Files, openOwn } from './files.js';
import { type Scanned, scanSegment } from './scan.js';
import { SegmentWriter, segmentPath } from './segment.js';

/** An item of a walk over the log: an item of a walk over a segment, or the end of a segment. */
export type LogItem = Scanned | { readonly kind: 'next segment'; readonly after: QueuePosition };

/** The segments as one log: appended to at the end, read from any place, removed from the start. */
export class SegmentLog {
  readonly #files: Files;
  readonly #file: string;
  /** Bytes of whole records in each existing segment. */
  readonly #sizes: Map<number, number>;
  #writer: SegmentWriter;
  /** Sequence number of the next record. */
  #sequence: number;
  #reader: { readonly segment: number; readonly fd: number } | undefined;

  constructor(
    files: Files,
    file: string,
    {
      writer,
      sizes,
      sequence,
    }: { writer: SegmentWriter; sizes: Map<number, number>; sequence: number },
  ) {
    this.#files = files;
    this.#file = file;
    this.#writer = writer;
    this.#sizes = sizes;
    this.#sequence = sequence;
  }

  /** The place where the next record goes. */
  get end(): QueuePosition {
    return { segment: this.#writer.number, offset: this.#writer.end, sequence: this.#sequence };
  }

  /** Whether something has been written since the last sync. */
  get dirty(): boolean {
    return this.#writer.dirty;
  }

  /** Bytes after a place. */
  bytesFrom({ segment, offset }: QueuePosition): number {
    let bytes = -offset;
    for (const [number, size] of this.#sizes) if (number >= segment) bytes += size;
    return bytes;
  }

  /** Writes the lines of so many records, all or (at an ErrnoException) none. */
  append(lines: Buffer, records: number): void {
    this.#writer.append(lines);
    this.#sequence += records;
    this.#sizes.set(this.#writer.number, this.#writer.end);
  }

  /**
   * Begins a new segment, unless the last one is empty; call `sync` first. Throws an ErrnoException
   * if no new one is possible; the old one goes on.
   */
  roll(): void {
    if (this.#writer.end === 0) return;
    const old = this.#writer;
    this.#writer = SegmentWriter.create(this.#files, this.#file, old.number + 1);
    this.#sizes.set(this.#writer.number, 0);
    old.close();
  }

  /** Throws an ErrnoException. */
  sync(): void {
    if (this.#writer.dirty) this.#writer.sync();
  }

  /** Syncs off the event loop. */
  syncLater(done: (error: Error | null) => void): void {
    const writer = this.#writer;
    if (!writer.dirty) done(null);
    else
      writer.syncLater((error) => {
        // The segment was synced when another one took its place, and was then closed during this
        // call.
        done(writer === this.#writer ? error : null);
      });
  }

  /**
   * All items from a place on. A segment that can't be read is reported and skipped; if it is the
   * one being written, a new one is begun.
   */
  *scan(
    start: QueuePosition,
    unreadable: (segment: number, cause: unknown) => void,
  ): Generator<LogItem> {
    let place = start;
    for (;;) {
      const { segment } = place;
      const size = this.#sizes.get(segment) ?? 0;
      try {
        for (const item of scanSegment(this.#files, this.#fdOf(segment), place, size)) {
          place = item.after;
          yield item;
        }
        if (place.offset < size) {
          place = { ...place, offset: size };
          yield {
            kind: 'damage',
            text: `segment ${segment} is shorter than what was written to it`,
            after: place,
          };
        }
      } catch (cause) {
        if (errnoOf(cause) === undefined) throw cause;
        this.#dropReader();
        unreadable(segment, cause);
      }
      const next = [...this.#sizes.keys()]
        .filter((number) => number > segment)
        .sort((one, other) => one - other)[0];
      if (next === undefined) return;
      place = { segment: next, offset: 0, sequence: place.sequence };
      yield { kind: 'next segment', after: place };
    }
  }

  /** Removes the segments before `number`. Throws an ErrnoException; a later call tries again. */
  removeBefore(number: number): void {
    if (this.#reader && this.#reader.segment < number) this.#dropReader();
    for (const segment of this.#sizes.keys()) {
      if (segment >= number) continue;
      try {
        this.#files.unlink(segmentPath(this.#file, segment));
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw error;
      }
      this.#sizes.delete(segment);
    }
  }

  close(): void {
    this.#dropReader();
    this.#writer.close();
  }

  #fdOf(segment: number): number {
    if (segment === this.#writer.number) return this.#writer.fd;
    if (this.#reader?.segment === segment) return this.#reader.fd;
    this.#dropReader();
    const fd = openOwn(this.#files, segmentPath(this.#file, segment), 'read');
    this.#reader = { segment, fd };
    return fd;
  }

  #dropReader(): void {
    if (this.#reader) this.#files.close(this.#reader.fd);
    this.#reader = undefined;
  }
}
