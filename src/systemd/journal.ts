import { fstatSync, readFileSync } from 'node:fs';
import { loadNative } from '../native.js';

/**
 * Fields of an entry (systemd.journal-fields(7)), by name. A value is text, a whole number, or raw
 * bytes.
 */
export type JournalFields = Readonly<Record<string, string | number | Buffer | undefined>>;

/** The journal, by its native protocol. */
export interface Journal {
  /** Hands over an entry. Returns false on failure; the caller must then log it elsewhere. */
  send(fields: JournalFields): boolean;
}

/**
 * The journal, if stderr is its stream, else undefined. Loads the addon with the first entry.
 *
 * @param socket - the journal's socket, for tests
 */
export function openJournal(socket = '/run/systemd/journal/socket'): Journal | undefined {
  if (!isJournalStream()) return undefined;
  const unit = ownUnit();
  return {
    send(fields) {
      try {
        const { sendToJournal } = loadNative() as ReturnType<typeof loadNative> & NativeJournal;
        // The journal reads _SYSTEMD_UNIT= from /proc, so an entry of a process that has just ended
        // has none. journalctl(1) -u takes this field in its place, if root has sent it.
        sendToJournal(socket, encodeEntry({ ...fields, OBJECT_SYSTEMD_UNIT: unit }));
        return true;
      } catch {
        // There is no addon or no socket, or the journal hangs.
        return false;
      }
    },
  };
}

/**
 * Serializes an entry by https://systemd.io/JOURNAL_NATIVE_PROTOCOL: `NAME=value` and a newline, or
 * for a value with newlines `NAME`, a newline, its length as 64 bits little-endian, the value, a
 * newline. Pure.
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
 * The unit that this process belongs to, by its control group (cgroups(7)); undefined if it belongs
 * to none.
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
