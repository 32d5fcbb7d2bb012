import { dirname } from 'node:path';
import { crc32cHex } from './crc32c.js';
import { escapeBytes, unescapeBytes } from './escape.js';
import { errnoOf, type Files, openOwn, writeAll } from './files.js';

/** A place between two records. */
export interface QueuePosition {
  readonly segment: number;
  /** Bytes from the start of the segment. */
  readonly offset: number;
  /** Sequence number of the first record after this place. */
  readonly sequence: number;
}

/**
 * The state of the last run. `clean`: it closed in order and wrote everything. `running`: the queue
 * has been opened since. `aside`: as `running`, and records before the position are not done and
 * wait in memory to be written again.
 */
export type CursorStop = 'clean' | 'running' | 'aside';

/** The contents of the cursor file. */
export interface CursorState {
  /** All records before the position are done. */
  readonly position: QueuePosition;
  readonly stop: CursorStop;
  /** The end of the log at the time of writing. A log that ends elsewhere has lost something. */
  readonly end: QueuePosition;
  /** A full check is due since (unix time in ms), for this reason. */
  readonly due?: { readonly since: number; readonly reason: string } | undefined;
}

/**
 * Which of the two slots could be read: `none` of them is whole, or `absent` if the file holds no
 * slot yet.
 */
export type CursorHealth = 'whole' | 'one slot' | 'none' | 'absent';

/** Bytes of one slot: a disk sector, which is written whole or not at all. */
export const slotBytes = 512;
/** The beginnings of the slots, so far apart that not even a torn 4 KiB block can damage both. */
export const slotOffsets = [0, 4096] as const;
/** Bytes of the cursor file. */
export const cursorBytes = slotOffsets[1] + slotBytes;

/** One slot: a line of text padded with blanks, so that `cat` shows it. */
export function encodeSlot(generation: number, state: CursorState): Buffer {
  const { position, stop, due, end } = state;
  const fields = `${magic} ${generation} ${placeText(position)} ${placeText(end)} ${stop}`;
  const reason = cutEscaped(escapeBytes(Buffer.from(due?.reason ?? '', 'utf8')), longestReason);
  const text = `${fields} ${due ? due.since : '-'} ${reason}`.padEnd(slotBytes - checksumBytes);
  return Buffer.from(`${text}${crc32cHex(text)}\n`, 'latin1');
}

/** The contents of a slot; undefined if a single bit is not as it was written. */
export function decodeSlot(slot: Buffer): { generation: number; state: CursorState } | undefined {
  const whole = slot.toString('latin1');
  const text = whole.slice(0, -checksumBytes);
  if (slot.length !== slotBytes || whole.slice(-checksumBytes) !== `${crc32cHex(text)}\n`)
    return undefined;
  const [name, version, generation, ...rest] = text.split(' ');
  const [stop, since, reason] = rest.slice(6);
  if (`${name} ${version}` !== magic || !isStop(stop)) return undefined;
  const position = placeOf(rest.slice(0, 3));
  const end = placeOf(rest.slice(3, 6));
  const due =
    since === '-'
      ? undefined
      : { since: Number(since), reason: String(unescapeBytes(reason ?? '')) };
  return { generation: Number(generation), state: { position, stop, end, due } };
}

/**
 * Decodes a cursor file: the slot with the highest generation counts. Slots are written in turn, so
 * two whole slots whose generations don't follow each other are damaged, too.
 */
export function decodeCursor(bytes: Buffer): {
  health: CursorHealth;
  slot: 0 | 1;
  generation: number;
  state?: CursorState;
} {
  const [first, second] = slotOffsets.map((offset) =>
    decodeSlot(bytes.subarray(offset, offset + slotBytes)),
  );
  if (!first && !second)
    return { health: bytes.length === 0 ? 'absent' : 'none', slot: 1, generation: 0 };
  const slot = !second || (first && first.generation > second.generation) ? 0 : 1;
  const newest = (slot === 0 ? first : second) as NonNullable<typeof first>;
  const isWhole = first && second && Math.abs(first.generation - second.generation) === 1;
  return { health: isWhole ? 'whole' : 'one slot', slot, ...newest };
}

/**
 * The preallocated cursor file. Two slots are written in turn, so that one is always whole, and
 * always in place, so that it works on a full disk (on file systems that overwrite in place; btrfs
 * and zfs don't).
 */
export class CursorFile {
  readonly #files: Files;
  readonly #fd: number;
  #slot: 0 | 1;
  #generation: number;
  #unsynced = false;
  /** The state of the file when it was opened. */
  readonly health: CursorHealth;
  /** The contents of the file when it was opened. */
  readonly found: CursorState | undefined;

  private constructor(files: Files, fd: number, content: ReturnType<typeof decodeCursor>) {
    this.#files = files;
    this.#fd = fd;
    this.#slot = content.slot;
    this.#generation = content.generation;
    this.health = content.health;
    this.found = content.state;
  }

  /** Opens or creates `path`. Throws an ErrnoException. */
  static open(files: Files, path: string): CursorFile {
    const fd = openOrCreate(files, path);
    try {
      const bytes = Buffer.alloc(cursorBytes);
      let length = 0;
      for (let read = -1; read !== 0 && length < cursorBytes; length += read) {
        read = files.read(fd, bytes.subarray(length), length);
      }
      return new CursorFile(files, fd, decodeCursor(bytes.subarray(0, length)));
    } catch (error) {
      files.close(fd);
      throw error;
    }
  }

  /** Writes both slots and the room between them. Throws an ErrnoException. */
  allocate(state: CursorState): void {
    // The bad or older slot is written first: until it is durable the other one stays as it is.
    this.write(state);
    this.write(state);
    const filler = Buffer.alloc(slotOffsets[1] - slotBytes);
    writeAll(this.#files, this.#fd, filler, slotBytes);
    this.#files.sync(this.#fd);
  }

  /** Writes `state` and waits until it is on the disk. Throws an ErrnoException. */
  write(state: CursorState): void {
    this.#put(state);
    this.#files.sync(this.#fd);
    this.#unsynced = false;
  }

  /** Writes `state`; `done` is called when it is on the disk. Throws an ErrnoException. */
  writeLater(state: CursorState, done: (error: Error | null) => void): void {
    const generation = this.#put(state);
    this.#files.syncLater(this.#fd, (error) => {
      if (!error && generation === this.#generation) this.#unsynced = false;
      done(error);
    });
  }

  close(): void {
    this.#files.close(this.#fd);
  }

  #put(state: CursorState): number {
    // Two slots that are both on their way to the disk could both be torn.
    if (this.#unsynced) this.#files.sync(this.#fd);
    const slot = this.#slot === 0 ? 1 : 0;
    this.#unsynced = true;
    writeAll(this.#files, this.#fd, encodeSlot(this.#generation + 1, state), slotOffsets[slot]);
    this.#slot = slot;
    this.#generation += 1;
    return this.#generation;
  }
}

function placeText({ segment, offset, sequence }: QueuePosition): string {
  return `${segment} ${offset} ${sequence}`;
}

function placeOf([segment, offset, sequence]: readonly string[]): QueuePosition {
  return { segment: Number(segment), offset: Number(offset), sequence: Number(sequence) };
}

function isStop(word: string | undefined): word is CursorStop {
  return word === 'clean' || word === 'running' || word === 'aside';
}

const magic = 'inotify-csync-cursor 1';
/** Eight digits and the newline. */
const checksumBytes = 9;
const longestReason = 320;

function openOrCreate(files: Files, path: string): number {
  try {
    return openOwn(files, path, 'write');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  const fd = openOwn(files, path, 'create');
  files.syncDirectory(dirname(path));
  return fd;
}

/** Cuts an escaped text without cutting a `%XX` or a character of several bytes in two. */
function cutEscaped(text: string, length: number): string {
  if (text.length <= length) return text;
  return text.slice(0, length).replace(/%.?$|[\xc0-\xff][\x80-\xbf]*$/, '');
}
