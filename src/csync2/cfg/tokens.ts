import { CsyncConfigDeniedError, CsyncConfigError } from './errors.js';
import type { Place } from './model.js';

const punctuation = ['{', '}', '(', ')', ';', ':', '@'] as const;

/**
 * csync2's keywords. They are reserved everywhere, also as names of groups and hosts, unless they
 * are quoted.
 */
export const keywords = [
  'nossl', 'ignore', 'database', 'group', 'host', 'exclude', 'include', 'compare', 'key', 'auto', 'action', 'pattern',
  'exec', 'logfile', 'do-local', 'do-local-only', 'prefix', 'on', 'lock-timeout', 'tempdir', 'backup-directory',
  'backup-generations', 'no-cygwin-lowercase',
] as const; // biome-ignore format: a list of words

export type Keyword = (typeof keywords)[number];
export type TokenKind = (typeof punctuation)[number] | Keyword | 'word' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** The bytes of a word, up to the first NUL, as C reads them. */
  readonly text: Buffer;
  /** The place where the token begins. */
  readonly place: Place;
  /**
   * csync2's line number when it has read this token, the number of newlines in all files so far
   * plus 1.
   */
  readonly csync2Line: number;
}

/** Returns the bytes of a file, or throws. */
export type ReadFile = (path: string) => Buffer;

interface Source {
  readonly file: string;
  readonly text: string;
  at: number;
  line: number;
}

const maximumIncludeDepth = 10;
const blanks = /[ \r\n\t]+/y;
const comment = /#[^\r\n]*/y;
const word = /[^ \r\n\t@;()#"]*[^ \r\n\t@:;()#"]/y;
const quoted = /[^"]*/y;
const includeBlanks = /[ \t\r\n]+/y;
const includeName = /[^ \t\r\n;]+/y;
const kinds = new Set<string>([...punctuation, ...keywords]);

/**
 * Reads csync2.cfg as csync2's own scanner (flex) does. The longest match wins, and of equally long
 * matches the first rule.
 *
 * - `{`, `}` and an inner `:` may be part of a word, so `group g{` has two words and no brace.
 * - `"…"` is one word. It has no escapes and may span lines. `""` gives no token. A quote that is
 *   never closed ends with its file.
 * - `config FILE…;` may stand between any two tokens. Names are relative to the working directory
 *   and cannot be quoted. After an included file the rest of the list is read.
 */
export class Scanner {
  readonly #read: ReadFile;
  readonly #stack: Source[] = [];
  readonly #files: string[] = [];
  #mode: 'plain' | 'quoted' | 'include' = 'plain';
  #csync2Line = 1;

  /**
   * Opens `file` first and reads each file by `read`. Errors of `read` for `file` are passed on.
   */
  constructor(file: string, read: ReadFile) {
    this.#read = read;
    this.#open(file, read(file));
  }

  /** The files opened so far, each once. */
  get files(): readonly string[] {
    return this.#files;
  }

  /**
   * The next token. After the last one, its kind is always `end`. Throws CsyncConfigError for files
   * that cannot be included.
   */
  next(): Token {
    for (;;) {
      const source = this.#stack.at(-1) as Source;
      if (source.at >= source.text.length) {
        if (this.#stack.length === 1) return this.#token('end', '', source.line);
        this.#stack.pop();
        this.#mode = 'include';
      } else if (this.#mode === 'include') this.#include(source);
      else {
        const token = this.#mode === 'quoted' ? this.#quoted(source) : this.#plain(source);
        if (token) return token;
      }
    }
  }

  #plain(source: Source): Token | undefined {
    if (this.#take(source, blanks) !== undefined || this.#take(source, comment) !== undefined)
      return undefined;
    const line = source.line;
    const text = this.#take(source, word) ?? this.#character(source);
    if (text === '"') this.#mode = 'quoted';
    else if (text === 'config') this.#mode = 'include';
    else return this.#token(kinds.has(text) ? (text as TokenKind) : 'word', text, line);
    return undefined;
  }

  #quoted(source: Source): Token | undefined {
    const line = source.line;
    const text = this.#take(source, quoted);
    if (text) return this.#token('word', text, line);
    this.#character(source);
    this.#mode = 'plain';
    return undefined;
  }

  #include(source: Source): void {
    const { at } = source;
    if (this.#take(source, includeBlanks) !== undefined) {
      // flex's default rule handles newlines in the list, and this rule alone does not count lines.
      this.#csync2Line -= newlines(source.text.slice(at, source.at));
      return;
    }
    const place = { file: source.file, line: source.line };
    const name = this.#take(source, includeName);
    if (name === undefined) {
      this.#character(source);
      this.#mode = 'plain';
      return;
    }
    if (this.#stack.length > maximumIncludeDepth) {
      throw new CsyncConfigError(
        'includeDepth',
        place,
        `more than ${maximumIncludeDepth} files include each other`,
        'find the file that includes itself',
      );
    }
    const file = bytesOf(name).toString('utf8');
    let bytes: Buffer;
    try {
      bytes = this.#read(file);
    } catch (cause) {
      if (CsyncConfigDeniedError.isCause(cause)) {
        throw new CsyncConfigDeniedError(file, 'the included file', place, cause);
      }
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new CsyncConfigError(
        'includeMissing',
        place,
        `cannot read the included file ${file}: ${reason}`,
        'use its absolute path, without quotes: csync2 resolves a relative one from its working directory',
        { cause },
      );
    }
    this.#mode = 'plain';
    this.#open(file, bytes);
  }

  #open(file: string, bytes: Buffer): void {
    if (!this.#files.includes(file)) this.#files.push(file);
    this.#stack.push({ file, text: bytes.toString('latin1'), at: 0, line: 1 });
  }

  #take(source: Source, expression: RegExp): string | undefined {
    expression.lastIndex = source.at;
    const text = expression.exec(source.text)?.[0];
    if (text !== undefined) this.#pass(source, text);
    return text;
  }

  #character(source: Source): string {
    const text = source.text.charAt(source.at);
    this.#pass(source, text);
    return text;
  }

  #pass(source: Source, text: string): void {
    source.at += text.length;
    const lines = newlines(text);
    source.line += lines;
    this.#csync2Line += lines;
  }

  #token(kind: TokenKind, text: string, line: number): Token {
    const { file } = this.#stack.at(-1) as Source;
    return { kind, text: bytesOf(text), place: { file, line }, csync2Line: this.#csync2Line };
  }
}

function newlines(text: string): number {
  return text.split('\n').length - 1;
}

function bytesOf(text: string): Buffer {
  const end = text.indexOf('\0');
  return Buffer.from(end < 0 ? text : text.slice(0, end), 'latin1');
}
