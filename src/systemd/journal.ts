import { fstatSync, readFileSync } from 'node:fs';
import { loadNative } from '../native.js';

/**
 * Fields of an entry (systemd.journal-fields(7)), by name; a value is text, a whole number, or
 * bytes as they are.
 */
export type JournalFields = Readonly<Record<string, string | number | Buffer | undefined>>;

/** The journal, by its native protocol. */
export interface Journal {
  /** Hands over an entry. False: it could not be, and is for the caller to say elsewhere. */
  send(fields: JournalFields): boolean;
}

/**
 * The journal, if stderr is its stream; undefined elsewhere. Loads the addon with the first entry.
 *
 * @param socket - where it listens, for tests
 */
export function openJournal(socket = '/run/systemd/journal/socket'): Journal | undefined {
  if (!isJournalStream()) return undefined;
  const unit = ownUnit();
  return {
    send(fields) {
      try {
        const { sendToJournal } = loadNative() as ReturnType<typeof loadNative> & NativeJournal;
        // An entry of a process that has just ended has no _SYSTEMD_UNIT=, which the journal reads
        // from /proc; journalctl(1) -u takes this field in its place, from root.
        sendToJournal(socket, encodeEntry({ ...fields, OBJECT_SYSTEMD_UNIT: unit }));
        return true;
      } catch {
        // No addon, no socket, or a journal that hangs.
        return false;
      }
    },
  };
}

/**
 * Serializes an entry as https://systemd.io/JOURNAL_NATIVE_PROTOCOL says: `NAME=value` and a
 * newline, or for a value with newlines in it `NAME`, a newline, its length as 64 bits
 * little-endian, the value, a newline. Pure.
 */
export function encodeEntry(fields: JournalFields): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const bytes = Buffer.isBuffer(value) ? value : Buffer.from(String(value));
    if (bytes.includes(newline)) {
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(bytes.length));
      parts.push(Buffer.from(`${name}\n`), length);
    } else parts.push(Buffer.from(`${name}=`));
    parts.push(bytes, Buffer.of(newline));
  }
  return Buffer.concat(parts);
}

/** Whether stderr is the journal's stream itself (systemd.exec(5), `JOURNAL_STREAM`). */
export function isJournalStream(): boolean {
  const { JOURNAL_STREAM: stream } = process.env;
  if (!stream) return false;
  const { dev, ino } = fstatSync(2);
  return stream === `${dev}:${ino}`;
}

interface NativeJournal {
  /** Throws an Error with `errno`. */
  sendToJournal(socket: string, entry: Buffer): void;
}

/**
 * The unit that this process belongs to, by its control group (cgroups(7)); undefined if it is in
 * none.
 */
function ownUnit(): string | undefined {
  try {
    const groups = readFileSync('/proc/self/cgroup', 'utf8');
    return /^(?:0:|\d+:name=systemd).*\/([^/\n]+\.service)$/m.exec(groups)?.[1];
  } catch {
    return undefined;
  }
}

const newline = 0x0a;
