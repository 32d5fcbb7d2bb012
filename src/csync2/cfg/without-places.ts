import { readFileSync } from 'node:fs';
import { isWithin, type PathBytes } from '../../text/path-bytes.js';
import type { ActivePrefix } from './selection.js';
import { type ReadFile, Scanner, type Token } from './tokens.js';

/**
 * The input of {@link configWithoutPlaces}, which makes a csync2.cfg that excludes places out of
 * sight.
 */
export interface WithoutPlacesOptions {
  /** The main file. */
  readonly file: string;
  /** The directory of relative key files. */
  readonly systemDirectory: string;
  /** Real paths. */
  readonly places: readonly PathBytes[];
  readonly prefixes: readonly ActivePrefix[];
  readonly readFile?: ReadFile;
}

/**
 * Copies a configuration into one file that synchronises nothing at or below some places. Each
 * group ends with excludes, because the last path pattern that matches counts.
 *
 * Throws what reading throws, and a CsyncConfigError for files that cannot be included.
 */
export function configWithoutPlaces(options: WithoutPlacesOptions): Buffer {
  const scanner = new Scanner(options.file, options.readFile ?? ((path) => readFileSync(path)));
  const excludes = patternsOf(options).map((pattern) =>
    Buffer.concat([Buffer.from('exclude "'), pattern, Buffer.from('";\n')]),
  );
  const parts: Buffer[] = [];
  let depth = 0;
  let isGroup = false;
  let before: Token | undefined;
  for (let token = scanner.next(); token.kind !== 'end'; token = scanner.next()) {
    if (depth === 0 && token.kind === 'group') isGroup = true;
    if (token.kind === '{') depth++;
    if (token.kind === '}') depth--;
    if (token.kind === '}' && depth === 0 && isGroup) {
      isGroup = false;
      for (const exclude of excludes) parts.push(exclude);
    }
    const isKey = token.kind === 'word' && before?.kind === 'key';
    parts.push(textOf(token, isKey ? options.systemDirectory : undefined));
    before = token;
  }
  return Buffer.concat(parts);
}

/**
 * Quotes a token, so that every word stays a word. csync2's scanner has no escapes and no quotes
 * inside quotes.
 */
function textOf({ kind, text }: Token, keyDirectory: string | undefined): Buffer {
  if (kind !== 'word')
    return Buffer.from(`${kind}${kind === ';' || kind === '{' || kind === '}' ? '\n' : ' '}`);
  const isRelative = keyDirectory !== undefined && text.length > 0 && text[0] !== slash;
  return Buffer.concat([
    Buffer.from(isRelative ? `"${keyDirectory}/` : '"'),
    text,
    Buffer.from('" '),
  ]);
}

/** The places, and their names below prefixes. */
function patternsOf({ places, prefixes }: WithoutPlacesOptions): Buffer[] {
  return places.flatMap((place) => {
    const names = [escaped(place)];
    for (const { name, path } of prefixes) {
      const start = Buffer.concat([Buffer.of(percent), escaped(name), Buffer.of(percent)]);
      const rest = place.subarray(path.length === 1 ? 0 : path.length);
      if (isWithin(place, path)) names.push(Buffer.concat([start, escaped(rest)]));
      else if (isWithin(path, place)) names.push(start);
    }
    return names;
  });
}

/**
 * Escapes a name for fnmatch(3). A quoted word can't contain a quote, so `?` matches any character
 * in its place.
 */
function escaped(name: Buffer): Buffer {
  const bytes: number[] = [];
  for (const byte of name) {
    if (special.has(byte)) bytes.push(backslash);
    bytes.push(byte === quote ? anyCharacter : byte);
  }
  return Buffer.from(bytes);
}

const slash = 0x2f;
const percent = 0x25;
const quote = 0x22;
const backslash = 0x5c;
const anyCharacter = 0x3f;
const special = new Set(Buffer.from('*?[]\\'));
