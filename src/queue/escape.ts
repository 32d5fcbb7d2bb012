import { isUtf8 } from 'node:buffer';
import type { PathBytes } from '../text/path-bytes.js';

/**
 * Bytes as one word of a text line: printable UTF-8 stays as it is (so that grep finds it), every
 * other byte, every blank and `%` become `%XX`. The result is a latin1 string: one character a
 * byte.
 */
export function escapeBytes(bytes: PathBytes): string {
  const raw = bytes.toString('latin1');
  if (plainAscii.test(raw)) return raw;
  if (isUtf8(bytes)) return escapeText(bytes.toString('utf8'));
  let escaped = '';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes[at] as number);
    const piece = bytes.subarray(at, at + length);
    if (piece.length === length && isUtf8(piece)) {
      escaped += escapeText(piece.toString('utf8'));
      at += length;
    } else {
      escaped += percent(bytes.subarray(at, at + 1));
      at += 1;
    }
  }
  return escaped;
}

/** The bytes that `escapeBytes` was given; undefined if `word` can't have come from it. */
export function unescapeBytes(word: string): PathBytes | undefined {
  if (forbidden.test(word)) return undefined;
  if (!word.includes('%')) return Buffer.from(word, 'latin1');
  const bytes = Buffer.allocUnsafe(word.length);
  let length = 0;
  for (let at = 0; at < word.length; at += 1) {
    if (word[at] !== '%') bytes[length] = word.charCodeAt(at);
    else {
      const digits = word.slice(at + 1, at + 3);
      if (!twoHexDigits.test(digits)) return undefined;
      bytes[length] = Number.parseInt(digits, 16);
      at += 2;
    }
    length += 1;
  }
  return bytes.subarray(0, length);
}

const plainAscii = /^[!-$&-~]*$/;
const twoHexDigits = /^[0-9A-F]{2}$/;
const forbidden = /[\0- \x7f]/;
const notPrintable = /[\p{C}\p{Z}%]/u;
const notPrintableAnywhere = /[\p{C}\p{Z}%]/gu;

function escapeText(text: string): string {
  const shown = notPrintable.test(text)
    ? text.replace(notPrintableAnywhere, escapeCharacter)
    : text;
  return Buffer.from(shown, 'utf8').toString('latin1');
}

function escapeCharacter(character: string): string {
  return percent(Buffer.from(character, 'utf8'));
}

function percent(bytes: Buffer): string {
  let escaped = '';
  for (const byte of bytes) escaped += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return escaped;
}

function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead >= 0xf0) return 4;
  return lead >= 0xe0 ? 3 : 2;
}
