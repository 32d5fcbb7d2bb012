import { crc32cHex } from './crc32c.js';
import type { QueueEntry } from './entry.js';
import { escapeBytes, unescapeBytes } from './escape.js';

/** One line of a segment: an entry with its place in the queue and the time it was written. */
export interface QueueRecord {
  /** Gapless over the life of the queue, from 1. */
  readonly sequence: number;
  /** Unix time in ms. */
  readonly at: number;
  readonly entry: QueueEntry;
}

/**
 * A record as a line, with its newline, as a latin1 string (one character a byte):
 *
 *     SEQUENCE UNIX_MS KIND CRC32C PATH
 *
 * KIND is `F` (file), `T` (touch), `R` (tree), `C` (recheck) or `A` (loss; PATH is then the
 * reason). PATH is escaped by `escapeBytes`. CRC32C is eight hexadecimal digits over the rest of
 * the line (the other four fields, joined by one blank).
 */
export function encodeRecord(record: QueueRecord): string {
  const head = `${record.sequence} ${record.at} ${letters[record.entry.kind]} `;
  const path = escapeBytes(pathOf(record.entry));
  return `${head}${crc32cHex(head + path)} ${path}\n`;
}

/** The record in a line without its newline; undefined if a single bit is not as it was written. */
export function decodeRecord(line: Buffer): QueueRecord | undefined {
  const match = shape.exec(line.toString('latin1'));
  if (!match) return undefined;
  const [, head, sequence, at, letter, checksum, word] = match as unknown as [
    string,
    ...FieldTexts,
  ];
  if (crc32cHex(head + word) !== checksum) return undefined;
  const path = unescapeBytes(word);
  if (!path) return undefined;
  return { sequence: Number(sequence), at: Number(at), entry: entryOf(letter, path) };
}

type Letter = 'F' | 'T' | 'R' | 'C' | 'A';
type FieldTexts = [
  head: string,
  sequence: string,
  at: string,
  letter: Letter,
  checksum: string,
  word: string,
];

const letters = {
  file: 'F',
  touch: 'T',
  tree: 'R',
  recheck: 'C',
  loss: 'A',
} as const satisfies Record<QueueEntry['kind'], Letter>;
const kinds = { F: 'file', T: 'touch', R: 'tree', C: 'recheck' } as const;
const shape = /^((\d{1,15}) (\d{1,15}) ([FTRCA]) )([0-9a-f]{8}) (.*)$/s;

function pathOf(entry: QueueEntry): Buffer {
  return entry.kind === 'loss' ? Buffer.from(entry.reason, 'utf8') : entry.path;
}

function entryOf(letter: Letter, path: Buffer): QueueEntry {
  if (letter === 'A') return { kind: 'loss', reason: path.toString('utf8') };
  return { kind: kinds[letter], path };
}
