import { closeSync, constants, fstatSync, openSync, readSync, unlinkSync } from 'node:fs';

/**
 * A file to which sessions append records that end with a zero byte: it is read as it grows, and
 * begun anew when it is long.
 */
export class TraceFile {
  readonly #file: string;
  #read = 0;
  /**
   * The one before, which has no name any more: a session that had opened it may still write to it.
   */
  #earlier: { readonly fd: number; read: number } | undefined;

  /** @param file - it may not exist yet; in a directory that only root can write */
  constructor(file: string) {
    this.#file = file;
  }

  /**
   * The records since the last call, without their ends, one character a byte. Throws what
   * `openSync` and `readSync` throw.
   */
  read(): string[] {
    const records: string[] = [];
    if (this.#earlier) this.#earlier.read += readOn(this.#earlier.fd, this.#earlier.read, records);
    const fd = this.#open();
    if (fd === undefined) return records;
    try {
      // Somebody has emptied it.
      if (fstatSync(fd).size < this.#read) this.#read = 0;
      this.#read += readOn(fd, this.#read, records);
    } finally {
      closeSync(fd);
    }
    return records;
  }

  /**
   * Begins it anew if it is long. Call it after {@link read}.
   *
   * @param isUnused - no session was open when it was looked for them, before the last
   *   {@link read}: none writes to a file that was begun before
   */
  keepShort(isUnused: boolean): void {
    if (!isUnused) return;
    if (this.#earlier) closeSync(this.#earlier.fd);
    this.#earlier = undefined;
    if (this.#read <= mostBytes) return;
    const fd = this.#open();
    if (fd === undefined) return;
    // A session that has begun since may have it open: to empty it would lose what that writes.
    unlinkSync(this.#file);
    this.#earlier = { fd, read: this.#read };
    this.#read = 0;
  }

  #open(): number | undefined {
    try {
      return openSync(this.#file, constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

/** Reads whole records from a position on. @returns their length in bytes */
function readOn(fd: number, from: number, records: string[]): number {
  const { size } = fstatSync(fd);
  if (size <= from) return 0;
  const bytes = Buffer.alloc(size - from);
  const text = bytes.toString('latin1', 0, readSync(fd, bytes, 0, bytes.length, from));
  const end = text.lastIndexOf('\0') + 1;
  if (end > 0) for (const record of text.slice(0, end - 1).split('\0')) records.push(record);
  return end;
}

const mostBytes = 1024 * 1024;
