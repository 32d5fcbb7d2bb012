import { readFileSync } from 'node:fs';
import { type MountTable, parseMounts } from './mount-table.js';

/** Reads what is mounted in this process's namespace, and parses it only when it has changed. */
export class MountReader {
  readonly #file: string;
  #text: Buffer | undefined;
  #table: MountTable = new Map();

  constructor(file = '/proc/self/mountinfo') {
    this.#file = file;
  }

  /** The same object as before if nothing has changed. Throws the errors of the file system. */
  read(): MountTable {
    const text = readFileSync(this.#file);
    if (this.#text?.equals(text)) return this.#table;
    this.#text = text;
    this.#table = parseMounts(text);
    return this.#table;
  }
}
