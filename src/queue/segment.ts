import { basename, dirname } from 'node:path';
import { errnoOf, type Files, openOwn, writeAll } from './files.js';

/** The path of segment `number` of the queue at `file`: `queue.log.000001`. */
export function segmentPath(file: string, number: number): string {
  return `${file}.${String(number).padStart(6, '0')}`;
}

/** The numbers of the segments of the queue at `file`, oldest first. */
export function listSegments(files: Files, file: string): number[] {
  const prefix = `${basename(file)}.`;
  return files
    .list(dirname(file))
    .filter((name) => name.startsWith(prefix) && /^\d{6,15}$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((one, other) => one - other);
}

/**
 * A line of a segment, without its newline. `whole` is false for a last line that has no newline.
 */
export interface Line {
  readonly bytes: Buffer;
  readonly end: number;
  readonly whole: boolean;
}

/** The lines of the open segment `fd` between two byte offsets. */
export function* readLines(files: Files, fd: number, from: number, to: number): Generator<Line> {
  let rest = Buffer.alloc(0);
  let at = from;
  let restAt = from;
  while (at < to) {
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, to - at));
    const read = files.read(fd, chunk, at);
    if (read <= 0) break;
    at += read;
    rest =
      rest.length === 0 ? chunk.subarray(0, read) : Buffer.concat([rest, chunk.subarray(0, read)]);
    let start = 0;
    for (let newline = rest.indexOf(0x0a); newline >= 0; newline = rest.indexOf(0x0a, start)) {
      yield { bytes: rest.subarray(start, newline), end: restAt + newline + 1, whole: true };
      start = newline + 1;
    }
    rest = rest.subarray(start);
    restAt += start;
  }
  if (rest.length > 0) yield { bytes: rest, end: restAt + rest.length, whole: false };
}

/** The segment that is being written. */
export class SegmentWriter {
  readonly number: number;
  readonly #files: Files;
  readonly #fd: number;
  #end: number;
  #untidy = false;
  #dirty = false;

  private constructor(files: Files, number: number, fd: number, end: number) {
    this.#files = files;
    this.number = number;
    this.#fd = fd;
    this.#end = end;
  }

  /** Starts a new segment and makes its name durable. Throws an ErrnoException. */
  static create(files: Files, file: string, number: number): SegmentWriter {
    const path = segmentPath(file, number);
    const fd = openOwn(files, path, 'create');
    try {
      files.syncDirectory(dirname(file));
    } catch (error) {
      files.close(fd);
      files.unlink(path);
      throw error;
    }
    return new SegmentWriter(files, number, fd, 0);
  }

  /** Continues a segment after byte `end`, and cuts off the rest. Throws an ErrnoException. */
  static continue(files: Files, file: string, number: number, end: number): SegmentWriter {
    const fd = openOwn(files, segmentPath(file, number), 'write');
    try {
      if (files.stat(fd).size > end) files.truncate(fd, end);
    } catch (error) {
      files.close(fd);
      throw error;
    }
    return new SegmentWriter(files, number, fd, end);
  }

  get fd(): number {
    return this.#fd;
  }

  /** Bytes of whole records. */
  get end(): number {
    return this.#end;
  }

  /** Whether something has been written since the last sync. */
  get dirty(): boolean {
    return this.#dirty;
  }

  /** Writes whole lines, all or (at an ErrnoException) none. */
  append(lines: Buffer): void {
    if (this.#untidy) this.#tidy();
    this.#dirty = true;
    try {
      writeAll(this.#files, this.#fd, lines, this.#end);
    } catch (error) {
      this.#untidy = true;
      try {
        this.#tidy();
      } catch (second) {
        // Nothing is lost: the next append tries again, and recovery cuts a torn tail, too.
        if (errnoOf(second) === undefined) throw second;
      }
      throw error;
    }
    this.#end += lines.length;
  }

  /** fdatasync(2). Throws an ErrnoException. */
  sync(): void {
    this.#dirty = false;
    this.#files.sync(this.#fd);
  }

  /** fdatasync(2) off the event loop. */
  syncLater(done: (error: Error | null) => void): void {
    this.#dirty = false;
    this.#files.syncLater(this.#fd, done);
  }

  close(): void {
    this.#files.close(this.#fd);
  }

  #tidy(): void {
    this.#files.truncate(this.#fd, this.#end);
    this.#untidy = false;
  }
}

const chunkBytes = 64 * 1024;
