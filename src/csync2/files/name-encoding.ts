import { isWithin, type PathBytes } from '../../text/path-bytes.js';

const percent = 0x25;
/**
 * The bytes that csync2's `urlencode.c` escapes besides controls and blanks. All other bytes, UTF-8
 * or not, stay raw.
 */
const escaped = new Set<number>([...Buffer.from('"\'%$:|\\'), 0x7f]);
for (let byte = 1; byte <= 0x20; byte++) escaped.add(byte);

/** Encodes a name as csync2 keeps it in its database. */
export function encodeName(name: Buffer): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = 0; at < name.length; at++) {
    const byte = name[at] as number;
    if (!escaped.has(byte)) continue;
    parts.push(
      name.subarray(from, at),
      Buffer.from(`%${byte.toString(16).toUpperCase().padStart(2, '0')}`),
    );
    from = at + 1;
  }
  return parts.length === 0 ? name : Buffer.concat([...parts, name.subarray(from)]);
}

/** The reverse of {@link encodeName}. */
export function decodeName(encoded: Buffer): Buffer {
  if (!encoded.includes(percent)) return encoded;
  const out = Buffer.alloc(encoded.length);
  let length = 0;
  for (let at = 0; at < encoded.length; at++) {
    let byte = encoded[at] as number;
    if (byte === percent && at + 2 < encoded.length) {
      byte = Number.parseInt(encoded.toString('latin1', at + 1, at + 3), 16);
      at += 2;
    }
    out[length++] = byte;
  }
  return out.subarray(0, length);
}

/** A name of the database as csync2 writes it in its messages, one character a byte. */
export function saidName({ encoded }: { readonly encoded: Buffer }): string {
  return decodeName(encoded).toString('latin1');
}

/** A prefix that has a path on this host. */
export interface PathPrefix {
  readonly name: Buffer;
  readonly path: PathBytes;
}

/**
 * Every name under which csync2 may keep a real path: the path itself and, below the path of a
 * prefix, its `%name%rest` form (csync2 `csync_check`).
 */
export function namesOf(path: PathBytes, prefixes: readonly PathPrefix[]): Buffer[] {
  const names = [path];
  for (const prefix of prefixes) {
    if (!isWithin(path, prefix.path)) continue;
    // A prefix for `/` has no path of its own to drop.
    const rest = path.subarray(
      prefix.path.length === 1 ? (path.length === 1 ? 1 : 0) : prefix.path.length,
    );
    names.push(Buffer.concat([Buffer.from('%'), prefix.name, Buffer.from('%'), rest]));
  }
  return names;
}

/**
 * The names of {@link namesOf}, and those under which csync2 keeps files further down, below a
 * prefix's path.
 */
export function namesWithin(path: PathBytes, prefixes: readonly PathPrefix[]): Buffer[] {
  const below = prefixes.filter(
    (prefix) => !prefix.path.equals(path) && isWithin(prefix.path, path),
  );
  return [
    ...namesOf(path, prefixes),
    ...below.map(({ name }) => Buffer.concat([Buffer.from('%'), name, Buffer.from('%')])),
  ];
}

/**
 * The real path of a name from the database; undefined if it uses a prefix that has no path here.
 */
export function realPathOf(name: Buffer, prefixes: readonly PathPrefix[]): PathBytes | undefined {
  if (name[0] !== percent) return name;
  const end = name.indexOf(percent, 1);
  if (end < 0) return undefined;
  const wanted = name.subarray(1, end);
  const prefix = prefixes.find((candidate) => candidate.name.equals(wanted));
  const rest = name.subarray(end + 1);
  if (prefix?.path.length === 1) return rest.length === 0 ? prefix.path : rest;
  return prefix && Buffer.concat([prefix.path, rest]);
}
