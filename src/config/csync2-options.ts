import { exitCodes, InotifyCsyncError } from '../errors.js';

/** The options that the user gave us for csync2. */
export interface Csync2Options {
  /** `-N`: this host's name, and the address csync2 listens on and connects from. */
  readonly hostName?: string;
  /** `-D`: directory or URL of csync2's database. */
  readonly database?: string;
  /** `-C`: reads csync2_NAME.cfg. */
  readonly configName?: string;
  /** `-p`: port of the server, here and on the peers. */
  readonly port?: string;
  /** All other options, passed to every call unchanged: `-A`, `-B`, `-F`, `-G` with its groups. */
  readonly rest: readonly string[];
}

/**
 * Reads options as csync2 does, with getopt(3). It allows `-N web1`, `-Nweb1` and several flags in
 * one word. The last option of a kind counts, and `--` ends the options. Throws Csync2OptionError
 * for options that must not be passed on.
 */
export function parseCsync2Options(args: readonly string[]): Csync2Options {
  const values = new Map<ValueLetter, string>();
  const rest: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] as string;
    if (word === '--' && at === args.length - 1) break;
    if (!/^-[^-]/.test(word)) throw notAnOption(word);
    for (let index = 1; index < word.length; index += 1) {
      const letter = word[index] as string;
      if (!isValueLetter(letter)) {
        rest.push(flag(letter));
        continue;
      }
      const attached = word.slice(index + 1);
      if (attached === '') at += 1;
      const value = attached === '' ? args[at] : attached;
      checkValue(letter, value);
      if (letter === 'G') rest.push('-G', value);
      else values.set(letter, value);
      break;
    }
  }
  return withValues(values, rest);
}

/** Merges options. `second` counts where both set the same option. */
export function mergeCsync2Options(first: Csync2Options, second: Csync2Options): Csync2Options {
  return { ...first, ...second, rest: [...first.rest, ...second.rest] };
}

/** The number of words at the start of `args` that belong to the first csync2 option. */
export function wordsOfOption(args: readonly string[]): number {
  const [word = ''] = args;
  for (let index = 1; index < word.length; index += 1) {
    const letter = word[index] as string;
    // A refused option includes its value, so that only the explanation is reported.
    if (!isValueLetter(letter) && !refusedWithValue.has(letter)) continue;
    return index === word.length - 1 && args.length > 1 ? 2 : 1;
  }
  return 1;
}

/** An option that csync2 doesn't know or must not get. */
export class Csync2OptionError extends InotifyCsyncError {
  constructor(message: string, hint: string) {
    super('ICS_CSYNC2_OPTION', exitCodes.usage, message, hint);
  }
}

const valueLetters = {
  N: ['hostName', "this host's name", /^[^\s-]\S*$/],
  D: ['database', "the directory or URL of csync2's database", /^(\/|[a-z0-9]+:\/\/)/],
  C: [
    'configName',
    'a name of lower-case letters and digits (it selects csync2_NAME.cfg)',
    /^[a-z0-9]+$/,
  ],
  p: ['port', 'a port', /^[a-z0-9]+$/i],
  G: [undefined, 'group names separated by commas', /^[^\s-]\S*$/],
} as const;
type ValueLetter = keyof typeof valueLetters;

const flags = new Set(['A', 'B', 'F']);

const mode = 'inotify-csync decides what csync2 does';
const refused: Readonly<Record<string, string>> = {
  ...Object.fromEntries([...'hcuofmxHLMSTRi'].map((letter) => [letter, mode])),
  r: 'inotify-csync decides what is checked recursively',
  d: 'with a dry run no change would reach a peer',
  I: 'an initial run marks nothing as changed, so no change would reach a peer',
  X: 'it belongs to -T, which inotify-csync does not use',
  U: 'it belongs to -T, which inotify-csync does not use',
  P: 'inotify-csync updates each peer by itself',
  t: 'inotify-csync sets it where needed',
  s: 'the log named by --csync-log already has timestamps',
  v: 'inotify-csync sets it where needed; --log-level controls its own log',
  l: 'inotify-csync reads the messages of csync2; -l would send them to syslog',
  W: 'inotify-csync reads the directories from csync2.cfg',
  b: 'inotify-csync uses it where csync2 supports it',
  O: 'it would write the keys of groups to a log',
  a: 'it is the default where csync2 supports it',
  k: 'create keys with csync2 itself',
};
const refusedWithValue = new Set(['P', 's', 'W', 'k']);

function isValueLetter(letter: string): letter is ValueLetter {
  return Object.hasOwn(valueLetters, letter);
}

function flag(letter: string): string {
  if (flags.has(letter)) return `-${letter}`;
  const why = Object.hasOwn(refused, letter) ? refused[letter] : undefined;
  const known = 'allowed options: -N NAME, -D DATABASE, -C NAME, -p PORT, -G GROUPS, -A, -B, -F';
  if (why === undefined) throw new Csync2OptionError(`csync2 has no option -${letter}`, known);
  throw new Csync2OptionError(
    `csync2's option -${letter} is not allowed: ${why}`,
    `remove -${letter}; ${known}`,
  );
}

function checkValue(letter: ValueLetter, value: string | undefined): asserts value is string {
  const [, what, shape] = valueLetters[letter];
  if (value !== undefined && shape.test(value)) return;
  const found = value === undefined ? 'the value is missing' : `not ${JSON.stringify(value)}`;
  throw new Csync2OptionError(
    `csync2's option -${letter} requires ${what}: ${found}`,
    `give it as -${letter} VALUE`,
  );
}

function notAnOption(word: string): Csync2OptionError {
  return new Csync2OptionError(
    `${JSON.stringify(word)} is not an option of csync2`,
    'only options are passed to csync2; csync2.cfg determines the files',
  );
}

function withValues(
  values: ReadonlyMap<ValueLetter, string>,
  rest: readonly string[],
): Csync2Options {
  const named = [...values].flatMap(([letter, value]) => {
    const [name] = valueLetters[letter];
    return name === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(named), rest };
}
