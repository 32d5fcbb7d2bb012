import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { type Message, MessageReader } from '../run/message.js';
import { endOf } from './log-file.js';

/** Reads the messages that are appended to a log, across truncation and replacement. */
export class LogTail {
  readonly #file: string;
  readonly #reader = new MessageReader();
  #fd: number | undefined;
  #inode: number | undefined;
  #offset = 0;

  /** @param file - it may not exist yet; only {@link recall} returns its present content */
  constructor(file: string) {
    this.#file = file;
    this.#reopenIfReplaced();
    if (this.#fd !== undefined) this.#offset = fstatSync(this.#fd).size;
  }

  /** The messages at the end of the log as it was when this reader was made. */
  recall(): Message[] {
    if (this.#fd === undefined) return [];
    // The first line may have lost its beginning. Then it is not a message.
    return new MessageReader().read(`${endOf(this.#fd, recalledBytes)}\n`);
  }

  /** The messages added since the last call. */
  read(): Message[] {
    const messages = this.#readToEnd();
    return this.#reopenIfReplaced() ? [...messages, ...this.#readToEnd()] : messages;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #readToEnd(): Message[] {
    if (this.#fd === undefined) return [];
    const { size } = fstatSync(this.#fd);
    if (size < this.#offset) {
      this.#offset = 0;
      this.#reader.restart();
    }
    const messages: Message[] = [];
    const chunk = Buffer.alloc(Math.min(chunkBytes, Math.max(1, size - this.#offset)));
    while (this.#offset < size) {
      const length = readSync(this.#fd, chunk, 0, chunk.length, this.#offset);
      if (length === 0) break;
      this.#offset += length;
      for (const message of this.#reader.read(chunk.toString('latin1', 0, length)))
        messages.push(message);
    }
    return messages;
  }

  /** @returns whether there is another file to read now */
  #reopenIfReplaced(): boolean {
    const inode = statSync(this.#file, { throwIfNoEntry: false })?.ino;
    if (inode === this.#inode) return false;
    this.close();
    this.#inode = inode;
    this.#offset = 0;
    this.#reader.restart();
    if (inode === undefined) return false;
    try {
      this.#fd = openSync(this.#file, 'r');
      return true;
    } catch (error) {
      // The log was rotated away between the check and the opening. The next check finds the new
      // one.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#inode = undefined;
      return false;
    }
  }
}

/** Some thousand messages, more than a minute can have. */
const recalledBytes = 1024 * 1024;
const chunkBytes = 64 * 1024;
