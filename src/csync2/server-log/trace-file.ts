import { closeSync, constants, fstatSync, openSync, readSync, unlinkSync } from 'node:fs';

/**
 * A file to which sessions append records that end with a zero byte. It is read as it grows, and
 * replaced when it is long.
 */
export class TraceFile {
  readonly #file: string;
  #read = 0;
  /**
   * The previous file, which has no name any more. A session that had opened it may still write to
   * it.
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
      // Another process has emptied the file.
      if (fstatSync(fd).size < this.#read) this.#read = 0;
      this.#read += readOn(fd, this.#read, records);
    } finally {
      closeSync(fd);
    }
    return records;
  }

  /**
   * Replaces the file if it is long. Call it after {@link read}.
   *
   * @param isUnused - no session was open when sessions were listed, before the last {@link read},
   *   so none writes to a file that is older
   */
  keepShort(isUnused: boolean): void {
    if (!isUnused) return;
    if (this.#earlier) closeSync(this.#earlier.fd);
    this.#earlier = undefined;
    if (this.#read <= mostBytes) return;
    const fd = this.#open();
    if (fd === undefined) return;
    // A new session may have opened the file. Emptying it would lose the session's records.
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

/** Reads whole records from a position. @returns their length in bytes */
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
