import { isUtf8 } from 'node:buffer';

/**
 * File names are bytes (path_resolution(7)): they travel as Buffers from the kernel to execve and
 * are decoded only to be shown.
 */
export type PathBytes = Buffer;

/**
 * The same bytes as a string that can be a Map key: one character a byte. Never show it, never
 * decode it.
 */
export type PathKey = string;

const slash = 0x2f;

/** Turns path bytes into a Map key. */
export function toKey(path: PathBytes): PathKey {
  return path.toString('latin1');
}

/** Turns a Map key back into path bytes. */
export function fromKey(key: PathKey): PathBytes {
  return Buffer.from(key, 'latin1');
}

/**
 * Whether `path` is `directory` or lies below it. `directory` has no trailing slash, unless it is
 * `/`.
 */
export function isWithin(path: PathBytes, directory: PathBytes): boolean {
  if (directory.length === 1) return true;
  if (path.length < directory.length) return false;
  if (path.compare(directory, 0, directory.length, 0, directory.length) !== 0) return false;
  return path.length === directory.length || path[directory.length] === slash;
}

/** The directory that holds `path`: everything before the last slash, `/` for a top-level name. */
export function parentOf(path: PathBytes): PathBytes {
  const end = path.lastIndexOf(slash);
  return end <= 0 ? Buffer.from('/') : path.subarray(0, end);
}

/** The last component of `path`. */
export function nameOf(path: PathBytes): PathBytes {
  return path.subarray(path.lastIndexOf(slash) + 1);
}

/** `directory` and `name` joined by one slash. */
export function join(directory: PathBytes, name: PathBytes): PathBytes {
  return directory.length === 1
    ? Buffer.concat([directory, name])
    : Buffer.concat([directory, Buffer.of(slash), name]);
}

/**
 * A path for people and logs: printable UTF-8 as it is, every other byte (controls, invalid UTF-8,
 * the backslash itself) as `\xNN`, so that no file name can forge a log line or drive a terminal.
 */
export function display(path: PathBytes): string {
  const raw = path.toString('latin1');
  if (plainAscii.test(raw)) return raw;
  if (isUtf8(path))
    return path.toString('utf8').replace(unprintable, (text) => escaped(Buffer.from(text)));
  let shown = '';
  for (const { text, valid } of decode(path)) {
    shown += valid
      ? text.replace(unprintable, (each) => escaped(Buffer.from(each)))
      : escaped(text);
  }
  return shown;
}

/** As {@link display}, but of a long path only its beginning, its end and its length. */
export function displayShort(path: PathBytes): string {
  if (path.length <= longestShown) return display(path);
  let [end, begin] = [headShown, path.length - tailShown];
  // Don't cut in the middle of a character, if it is one.
  for (let moved = 0; moved < 3 && isContinuation(path[end]); moved++) end--;
  for (let moved = 0; moved < 3 && isContinuation(path[begin]); moved++) begin++;
  return `${display(path.subarray(0, end))}…${display(path.subarray(begin))} (${path.length} bytes)`;
}

const plainAscii = /^[ -[\]-~]*$/;
const unprintable = /[\p{C}\\]/gu;
const longestShown = 300;
const headShown = 160;
const tailShown = 100;

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function escaped(bytes: Buffer): string {
  let shown = '';
  for (const byte of bytes) shown += `\\x${byte.toString(16).padStart(2, '0')}`;
  return shown;
}

function* decode(
  bytes: Buffer,
): Generator<{ text: string; valid: true } | { text: Buffer; valid: false }> {
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at] as number;
    const length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    const piece = bytes.subarray(at, at + length);
    if (piece.length === length && isUtf8(piece)) {
      yield { text: piece.toString('utf8'), valid: true };
      at += length;
    } else {
      yield { text: bytes.subarray(at, at + 1), valid: false };
      at += 1;
    }
  }
}
