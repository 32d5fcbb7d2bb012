import {
  closeSync,
  constants,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { bootId } from '../../../proc/boot-id.js';
import { crc32cHex } from '../../../queue/crc32c.js';
import { fromKey, toKey } from '../../../text/path-bytes.js';
import type { Scope } from '../../common/batch.js';

/** The state that is kept while a check runs, or while torn paths must still be marked. */
export interface CheckState {
  /** The running check, if there is one. */
  readonly running?: {
    /**
     * The paths that the check was given; undefined if they were too many to keep: then it may be
     * any path.
     */
    readonly scope: Scope | undefined;
    /** csync2's last notes before the check began; undefined if its database can't be read. */
    readonly before: readonly string[] | undefined;
  };
  /** Paths that must be marked in any case. */
  readonly unmarked: Scope;
}

/**
 * Keeps the running check on disk, so that the next start can tell which paths a kill has torn. The
 * record is not synced: it does not count after the machine itself has gone down.
 */
export class CheckRecord {
  readonly #file: string;
  readonly #boot: string;

  /**
   * @param file - in a directory that only root can write
   * @param boot - a text that changes at each boot of the machine
   */
  constructor(file: string, boot: string = bootId()) {
    this.#file = file;
    this.#boot = boot;
  }

  /**
   * Reads the last record; undefined if there is none, or if it is from before a boot. A damaged
   * file counts as a check of any path, which may have made all of csync2's last notes.
   */
  read(): CheckState | undefined {
    let text: string;
    try {
      text = readFileSync(this.#file, 'latin1');
    } catch {
      return undefined;
    }
    try {
      const [line = ''] = text.split('\n');
      const json = line.slice(checksumDigits + 1);
      if (line !== `${crc32cHex(json)} ${json}`) return damaged;
      const stored = JSON.parse(json) as Stored;
      if (stored.boot !== this.#boot) return undefined;
      const { running, owed = nothing, unmarked = owed } = stored;
      const scope = running?.scope;
      return {
        ...(running ? { running: { before: running.before, scope: scope && toScope(scope) } } : {}),
        unmarked: toScope(unmarked),
      };
    } catch {
      return damaged;
    }
  }

  /**
   * Writes the state. If it can't be written (a full disk), the old record is removed, because it
   * would be wrong by now.
   */
  write({ running, unmarked }: CheckState): void {
    const stored: Stored = {
      boot: this.#boot,
      ...(running
        ? { running: { before: running.before, scope: running.scope && toStored(running.scope) } }
        : {}),
      unmarked: toStored(unmarked),
    };
    try {
      const json = Buffer.from(JSON.stringify(stored), 'latin1');
      this.#replace(
        Buffer.concat([Buffer.from(`${crc32cHex(json.toString('latin1'))} `), json, newline]),
      );
    } catch {
      rmSync(this.#file, { force: true });
    }
  }

  /**
   * Replaces the line in place, and cuts off the rest afterwards, so that a kill leaves a whole
   * first line, the old one or the new.
   */
  #replace(line: Buffer): void {
    const { O_WRONLY, O_CREAT, O_NOFOLLOW } = constants;
    const fd = openSync(this.#file, O_WRONLY | O_CREAT | O_NOFOLLOW, 0o600);
    try {
      for (let at = 0; at < line.length; ) at += writeSync(fd, line, at, line.length - at, at);
      ftruncateSync(fd, line.length);
    } finally {
      closeSync(fd);
    }
  }
}

const damaged: CheckState = {
  running: { scope: undefined, before: [] },
  unmarked: { files: [], trees: [] },
};
const checksumDigits = 8;
const newline = Buffer.from('\n');

/** Names with one character a byte. */
interface StoredScope {
  readonly files: readonly string[];
  readonly trees: readonly string[];
}

interface Stored {
  readonly boot: string;
  readonly running?: {
    readonly scope?: StoredScope | undefined;
    readonly before?: readonly string[] | undefined;
  };
  readonly unmarked?: StoredScope;
  /** The name of `unmarked` before 0.1.0, still read so that an upgrade loses nothing. */
  readonly owed?: StoredScope;
}

const nothing: StoredScope = { files: [], trees: [] };

function toStored({ files, trees }: Scope): StoredScope {
  return { files: files.map(toKey), trees: trees.map(toKey) };
}

function toScope({ files, trees }: StoredScope): Scope {
  return { files: files.map(fromKey), trees: trees.map(fromKey) };
}
