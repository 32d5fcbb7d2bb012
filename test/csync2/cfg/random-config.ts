import type { Random } from './random.js';

/** Names that the random trees are made of; one byte a character. */
export const names = [
  'a',
  'b',
  'ab',
  'abc',
  'a.b',
  '.a',
  'A',
  'data',
  'x[1]',
  'a*b',
  'sp ace',
  '\xc3\xa9',
  '\xff',
  'a\\b',
  '-x',
  '%p%',
  '~',
  'c.tmp',
  '{a,b}',
  '#x',
  'a;b',
  "q'q",
  '!a',
  '^a',
  ']',
];
export const tops = ['t', 'u', 'a', 'data'];

const globs = [
  '*',
  '?',
  '??',
  'a*',
  '*b',
  '[ab]',
  '[ab]*',
  '[!a]*',
  '[^a]',
  '[a-c]',
  '[a-',
  '[',
  '[]a]',
  '[[:alpha:]]*',
  '[[:foo:]]',
  '[[.a.]]',
  '[[=a=]]',
  '[\\]]',
  '[a\\-c]',
  '\\a',
  '\\*',
  'a\\*b',
  'x\\[1\\]',
  'x[[]1]',
  'a\\',
  '**',
  'a**',
  '**b',
  '*.*',
  '.*',
  '*.tmp',
  '{a,b}',
  '\\\\',
  'a\\\\b',
  '[\xc0-\xff]*',
  '\xc3?',
  '[!.]*',
  '[/]',
  '[a/b]',
  '*[',
  '[%]*',
  '',
];
const prefixNames = ['p', 'p', 'p', 'q', 'q', 'pp', 'a/b', 'x*'];

export interface RandomConfig {
  /** Path in the world to content; `/etc/csync2.cfg` is the main one. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * A configuration that csync2 accepts, for the host `me`, in all the spellings its grammar allows.
 */
export function randomConfig(random: Random): RandomConfig {
  const files = new Map<string, string>();
  const writer = new Writer(random, files);
  const blocks = [
    ...random.times(0, 3, () => prefix(random, writer)),
    ...random.times(1, 4, () => group(random, writer, false)),
    group(random, writer, true),
    ...random.times(0, 2, () =>
      writer.join(
        random.pick([
          ['nossl', '*', '*', ';'],
          ['lock-timeout', '7', ';'],
          ['tempdir', '/tmp', ';'],
          ['ignore', 'uid', 'mod', ';'],
          ['ignore', ';'],
        ]),
      ),
    ),
  ];
  shuffle(random, blocks);
  files.set('/etc/csync2.cfg', writer.split(blocks));
  return { files };
}

function prefix(random: Random, writer: Writer): string {
  const lines = random.times(0, 3, () => {
    const host = random.pick(['me', 'm*', '*', '*', 'other', 'ME', '[a-m]e', '?']);
    const path = random.pick([
      '/',
      '/',
      '/t',
      '/t',
      '/t/a',
      '/t/a/',
      '/t/b/a',
      '/u',
      '/u/data///',
      '/t/data',
      '/missing',
      '/t//a',
      '/t/./a',
      '/a/b/ab',
    ]);
    return writer.join(['on', writer.word(host), ':', writer.word(path), ';']);
  });
  return writer.join(['prefix', writer.word(random.pick(prefixNames)), '{', ...lines, '}']);
}

function group(random: Random, writer: Writer, member: boolean): string {
  const hosts = random.times(0, 3, () =>
    writer.word(random.pick(['one', 'Two', 'three', 'x.example.org', '10.0.0.1', '::1'])),
  );
  if (member || random.chance(50))
    hosts.push(
      random.pick(['me', 'Me', 'ME @ alias', 'me@Alias', '( me )', '( one me two@Zwei )']),
    );
  shuffle(random, hosts);
  const statements = [
    writer.join(['host', ...hosts, ';']),
    writer.join(['key', random.pick(['csync2.key', '/etc/csync2.key']), ';']),
    ...random.times(1, 7, () => patterns(random, writer)),
    ...random.times(0, 1, () =>
      writer.join(['auto', random.pick(['none', 'younger', 'left', 'first']), ';']),
    ),
    ...random.times(0, 1, () =>
      writer.join([
        'action',
        '{',
        'pattern',
        writer.word('/never/*'),
        ';',
        'exec',
        writer.word('echo a; b'),
        ';',
        'do-local',
        ';',
        '}',
      ]),
    ),
    ...random.times(0, 1, () =>
      writer.join(['backup-directory', '/backup', ';', 'backup-generations', '2', ';']),
    ),
  ];
  shuffle(random, statements);
  const name = random.chance(80)
    ? [writer.word(random.pick(['g', 'web', 'two words', 'group']))]
    : [];
  return writer.join(['group', ...name, '{', writer.split(statements), '}']);
}

function patterns(random: Random, writer: Writer): string {
  const action = random.pick(['include', 'include', 'include', 'exclude', 'exclude', 'compare']);
  return writer.join([
    action,
    ...random.times(action === 'include' ? 1 : 0, 3, () => writer.word(pattern(random))),
    ';',
  ]);
}

/** A pattern of any class that some path of a random tree may match. */
export function pattern(random: Random): string {
  const kind = random.below(10);
  if (kind < 2) return component(random);
  if (kind < 3)
    return random.pick(['a/b', '*/a', '*', 'etc', '%', 'lib*', '*.so*', '.git', '%p%', '%*%']);
  if (kind < 5) {
    const start = random.pick([
      '%p%',
      '%p%',
      '%q%',
      '%pp%',
      '%*%',
      '%?%',
      '%*',
      '%p*',
      '%',
      '%p',
      '%a/b%',
      '%x*%',
      '%p%x',
      '%p%*',
      '%x\\*%',
    ]);
    return start + below(random, 0, 3);
  }
  const start = random.chance(70)
    ? `/${random.pick(tops)}`
    : random.pick(['', '/*', '/[a-t]', '/**', '/?', '/t*', '\\/t', '/\\t']);
  return (
    start +
    below(random, start === '' ? 1 : 0, 4) +
    random.pick(['', '', '', '', '/', '//', '/**', '/*'])
  );
}

function below(random: Random, from: number, to: number): string {
  return random.times(from, to, () => `/${component(random)}`).join('');
}

function component(random: Random): string {
  return random.chance(65) ? random.pick(names) : random.pick(globs);
}

function shuffle<T>(random: Random, values: T[]): void {
  for (let at = values.length - 1; at > 0; at -= 1) {
    const other = random.below(at + 1);
    [values[at], values[other]] = [values[other] as T, values[at] as T];
  }
}

const reserved = new Set([
  'nossl',
  'ignore',
  'database',
  'group',
  'host',
  'exclude',
  'include',
  'compare',
  'key',
  'auto',
  'action',
  'pattern',
  'exec',
  'logfile',
  'do-local',
  'do-local-only',
  'prefix',
  'on',
  'lock-timeout',
  'tempdir',
  'backup-directory',
  'backup-generations',
  'no-cygwin-lowercase',
  'config',
  '{',
  '}',
]);

/** Writes words and statements with odd quoting, white space, comments and included files. */
class Writer {
  readonly #random: Random;
  readonly #files: Map<string, string>;

  constructor(random: Random, files: Map<string, string>) {
    this.#random = random;
    this.#files = files;
  }

  word(text: string): string {
    const bare = /^[^ \r\n\t@;()#"]*[^ \r\n\t@:;()#"]$/.test(text) && !reserved.has(text);
    return bare && this.#random.chance(80) ? text : `"${text}"`;
  }

  join(parts: readonly string[]): string {
    return parts.reduce((text, part) => text + this.#gap(text, part) + part, '');
  }

  /** The parts as they are, or some of them in files of their own. */
  split(parts: readonly string[]): string {
    return this.join(
      parts.map((part) => {
        if (this.#files.size >= 6 || !this.#random.chance(8)) return part;
        const file = `/etc/part-${this.#files.size}.cfg`;
        this.#files.set(file, part + this.#random.pick(['', '\n', ' # end', ' ""']));
        return `config${this.#random.pick([' ', '\t', '\n'])}${this.#random.pick([file, file.slice(1)])}${this.#random.pick([';', ' ;', '\n;'])}`;
      }),
    );
  }

  #gap(before: string, after: string): string {
    const touching = /[;()@"]$/.test(before) || /^[;()@"#]/.test(after);
    if (touching && this.#random.chance(60)) return '';
    return this.#random.pick([
      ' ',
      ' ',
      ' ',
      '  ',
      '\t',
      '\n',
      '\r\n',
      '\n\n',
      ' # a "comment" ; }\n',
      '#\n',
      ' "" ',
    ]);
  }
}
