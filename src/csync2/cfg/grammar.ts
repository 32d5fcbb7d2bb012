import type { ConfigBuilder } from './builder.js';
import { CsyncConfigError } from './errors.js';
import { syntaxError } from './syntax-error.js';
import type { Scanner, Token, TokenKind } from './tokens.js';

// Bison's YYMAXDEPTH. csync2's lists of statements and blocks are right-recursive, so that each
// statement stays on the parser's stack until its group ends: about 4,990 statements in one group
// are too many.
const stackLimit = 9_999;

/** Reads the whole configuration from `scanner` into `builder`. Throws CsyncConfigError. */
export function parse(scanner: Scanner, builder: ConfigBuilder): void {
  new Parser(scanner, builder).config();
}

type Table = { readonly [kind in TokenKind]?: () => void };

/**
 * A recursive-descent parser for csync2's yacc grammar. It reads tokens no earlier than csync2's
 * parser does, so that the same one of several faults is found. `#symbols` is the height of
 * csync2's stack.
 */
class Parser {
  readonly #scanner: Scanner;
  readonly #build: ConfigBuilder;
  #ahead: Token | undefined;
  #previous: Token | undefined;
  #symbols = 0;

  constructor(scanner: Scanner, builder: ConfigBuilder) {
    this.#scanner = scanner;
    this.#build = builder;
  }

  config(): void {
    while (this.#peek().kind !== 'end') this.#asOneSymbol(() => this.#block());
    this.#grow();
  }

  readonly #blocks: Table = {
    group: () => this.#group(),
    prefix: () => this.#prefix(),
    nossl: () => this.#noSsl(),
    database: () => this.#single((value) => this.#build.setDatabase(value)),
    tempdir: () => this.#single((value) => this.#build.setTempDirectory(value)),
    'lock-timeout': () => this.#single((value) => this.#build.setLockTimeout(value)),
    ignore: () => this.#ignore(),
    'no-cygwin-lowercase': () => this.#noCygwinLowercase(),
  };

  readonly #statements: Table = {
    host: () => this.#hosts(),
    include: () => this.#patterns('include'),
    exclude: () => this.#patterns('exclude'),
    compare: () => this.#compare(),
    key: () => this.#build.setKey(this.#value()),
    auto: () => this.#build.setAuto(this.#value()),
    'backup-directory': () => this.#build.setBackupDirectory(this.#value()),
    'backup-generations': () => this.#build.setBackupGenerations(this.#value()),
  };

  #block(): void {
    this.#choose(this.#blocks, 'a statement or a group');
  }

  #group(): void {
    this.#asOneSymbol(() => {
      const { place } = this.#shift();
      const name = this.#peek().kind === 'word' ? this.#shift() : undefined;
      this.#build.beginGroup(name, place);
    });
    this.#expect('{', 'after `group`');
    const height = this.#symbols;
    for (;;) {
      const token = this.#peek();
      if (token.kind === '}') break;
      if (token.kind === 'action') {
        this.#asOneSymbol(() => this.#action());
        continue;
      }
      this.#asOneSymbol(() =>
        this.#choose(this.#statements, 'a statement or } in the group', ['action']),
      );
      this.#expect(';', 'at the end of the statement');
    }
    this.#endList(height);
    this.#shift();
    this.#build.endGroup();
  }

  #patterns(action: 'include' | 'exclude'): void {
    this.#list((pattern) => this.#build.addPattern(action, pattern));
  }

  #hosts(): void {
    this.#shift();
    this.#grow();
    for (;;) {
      if (this.#peek().kind === 'word') this.#host(false);
      else if (this.#peek().kind === '(') {
        this.#shift();
        this.#grow();
        while (this.#peek().kind === 'word') this.#host(true);
        this.#expect(')', 'after the hosts that only receive');
        this.#grow();
      } else return;
    }
  }

  #host(slave: boolean): void {
    const height = this.#symbols;
    const node = this.#shift();
    let peer = node;
    if (this.#peek().kind === '@') {
      this.#shift();
      peer = this.#expect('word', 'after @');
    }
    this.#build.addHost(node, peer, slave);
    this.#symbols = height;
  }

  // The grammar's list of names after `compare` ends the list of an `include`, so all names but the
  // last are included.
  #compare(): void {
    let last: Token | undefined;
    this.#list((pattern) => {
      if (last) this.#build.addPattern('include', last);
      last = pattern;
    });
    if (last) this.#build.addPattern('compare', last);
  }

  #action(): void {
    this.#shift();
    const action = this.#build.addAction();
    const statements: Table = {
      pattern: () => this.#list((word) => action.patterns.push(word.text)),
      exec: () => this.#list((word) => action.commands.push(word.text)),
      logfile: () => {
        action.logFile = this.#value().text;
      },
      'do-local': () => {
        this.#shift();
        action.local = true;
      },
      'do-local-only': () => {
        this.#shift();
        action.local = true;
        action.localOnly = true;
      },
    };
    this.#grow();
    this.#expect('{', 'after `action`');
    const height = this.#symbols;
    while (this.#peek().kind !== '}') {
      this.#asOneSymbol(() => this.#choose(statements, 'a statement or } in the action'));
      this.#expect(';', 'at the end of the statement');
    }
    this.#endList(height);
    this.#shift();
  }

  #prefix(): void {
    this.#shift();
    this.#build.beginPrefix(this.#expect('word', 'after `prefix`'));
    this.#grow();
    this.#expect('{', 'after the name of the prefix');
    this.#grow();
    while (this.#peek().kind === 'on') {
      const height = this.#symbols;
      this.#shift();
      const hosts = this.#expect('word', 'after `on`');
      this.#expect(':', 'after the hosts');
      const path = this.#expect('word', 'after :');
      this.#expect(';', 'at the end of the statement');
      this.#build.addPrefixPath(hosts, path);
      this.#symbols = height;
    }
    const token = this.#peek();
    if (token.kind !== '}') throw this.#unexpected(token, ['on'], '`on` or } in the prefix');
    this.#shift();
  }

  // The list is reduced from its end, regardless of the token after it.
  #ignore(): void {
    this.#shift();
    const height = this.#symbols;
    const properties: Token[] = [];
    while (this.#peek().kind === 'word') properties.push(this.#shift());
    this.#endList(height);
    for (const property of properties.reverse()) this.#build.setIgnore(property);
    this.#expect(';', 'at the end of the statement');
  }

  #single(take: (value: Token) => void): void {
    const value = this.#value();
    this.#expect(';', 'at the end of the statement');
    take(value);
  }

  #noSsl(): void {
    const from = this.#value();
    const to = this.#expect('word', 'as the second pattern of `nossl`');
    this.#expect(';', 'at the end of the statement');
    this.#build.addNoSsl(from, to);
  }

  #noCygwinLowercase(): void {
    const token = this.#shift();
    this.#expect(';', 'at the end of the statement');
    this.#build.refuseCygwin(token);
  }

  // A keyword and the one name after it.
  #value(): Token {
    const keyword = this.#shift();
    return this.#expect('word', `after \`${keyword.kind}\``);
  }

  // A keyword and the names after it.
  #list(take: (word: Token) => void): void {
    this.#shift();
    this.#grow();
    const height = this.#symbols;
    while (this.#peek().kind === 'word') {
      take(this.#shift());
      this.#symbols = height;
    }
  }

  #choose(table: Table, expected: string, more: readonly TokenKind[] = []): void {
    const token = this.#peek();
    const parse = table[token.kind];
    if (!parse)
      throw this.#unexpected(token, [...(Object.keys(table) as TokenKind[]), ...more], expected);
    parse();
  }

  #peek(): Token {
    this.#ahead ??= this.#scanner.next();
    return this.#ahead;
  }

  #shift(): Token {
    const token = this.#peek();
    this.#grow();
    this.#previous = token;
    this.#ahead = undefined;
    return token;
  }

  #expect(kind: TokenKind, where: string): Token {
    const token = this.#peek();
    if (token.kind === kind) return this.#shift();
    throw this.#unexpected(token, [], `${kind === 'word' ? 'a name' : kind} ${where}`);
  }

  // Counts the symbols that `parts` shifts as one symbol on the stack.
  #asOneSymbol(parts: () => void): void {
    const height = this.#symbols;
    parts();
    this.#symbols = height + 1;
  }

  // A right-recursive list ends with an empty one, and all of it becomes one symbol.
  #endList(height: number): void {
    this.#grow();
    this.#symbols = height + 1;
  }

  #grow(): void {
    this.#symbols += 1;
    if (this.#symbols < stackLimit) return;
    const { place, csync2Line } = this.#ahead ?? this.#previous ?? this.#peek();
    throw new CsyncConfigError(
      'parserStack',
      place,
      'csync2’s parser has no room for more statements here',
      'give several names to one statement: include A B C;',
      { csync2Line },
    );
  }

  #unexpected(token: Token, possible: readonly TokenKind[], expected: string): CsyncConfigError {
    return syntaxError({ token, previous: this.#previous, expected, possible });
  }
}
