import { defaultFileEvents, parseFileEvents } from '../watch/file-events.js';
import { parseListenAddress } from './listen-address.js';
import type { Shape, ValueOf } from './shape.js';

/**
 * One setting: `check_interval` in the file, `--check-interval` on the command line,
 * `INOTIFY_CSYNC_CHECK_INTERVAL` in the environment, `settings.checkInterval` in the program.
 */
export interface SettingDefinition {
  /** The type of its values, for the program. */
  readonly shape: Shape;
  readonly default: unknown;
  /** Its allowed values, for messages: `found "x", expected …`. */
  readonly expects: string;
  /** Placeholder of its value in the help text. */
  readonly argument: string;
  readonly description: string;
  /** Converts a text to a value; undefined if it is invalid. */
  readonly fromText: (text: string) => unknown;
}

/**
 * All settings, in the order in which they are shown. Those above the empty line come from the
 * original script.
 */
export const settingDefinitions = {
  check_interval: seconds(0.5, { min: 0.01, max: 60 }, 'maximum batching delay'),
  full_sync_interval: seconds(
    3600,
    { min: 0, max: 31_536_000 },
    'time between regular full checks; 0 disables them',
  ),
  num_lines_until_reset: count(
    0,
    'reset the queue and run a full check after this many entries; 0 never does',
    { min: 0 },
  ),
  num_batched_changes_threshold: count(
    15_000,
    'run a full check instead if a batch has at least this many changes',
    { min: 1 },
  ),
  parallel_updates: yesOrNo(true, 'update all peers at the same time'),
  file_events: {
    ...text(defaultFileEvents, 'EVENTS', 'inotify events that count as changes'),
    shape: { kind: 'text', accepts: areFileEvents },
    expects: 'names of inotify events separated by commas',
  },
  queue_file: path(
    '/var/lib/inotify-csync/queue.log',
    'location of the queue: FILE.000001, FILE.cursor and so on',
  ),
  csync_log: path('/var/log/inotify-csync/csync2.log', 'log file of the csync2 server'),
  cfg_path: path('/etc', 'directory of csync2.cfg'),
  cfg_file: {
    ...text(
      'csync2.cfg',
      'NAME',
      "csync2's configuration in cfg_path: csync2.cfg, or csync2_NAME.cfg (csync2 -C NAME)",
    ),
    shape: { kind: 'text', accepts: isCfgFile },
    expects:
      'csync2.cfg or csync2_NAME.cfg with a NAME of lower-case letters and digits, as csync2 can read no other',
  },

  settle: seconds(0.02, { min: 0, max: 10 }, 'quiet time after a change before it is processed'),
  server: choice(
    'managed',
    ['managed', 'external'],
    'who runs the csync2 server: inotify-csync, or something else',
  ),
  server_wait_max: seconds(
    30,
    { min: 0, max: 3600 },
    'maximum wait for an incoming session to end before changes are processed',
  ),
  verify_interval: seconds(
    86_400,
    { min: 0, max: 31_536_000 },
    'time between regular comparisons with all peers; 0 disables them',
  ),
  peer_timeout: seconds(
    60,
    { min: 1, max: 86_400 },
    'time without progress after which an update of a peer is ended and retried later',
  ),
  private_databases: yesOrNo(
    true,
    'give each update its own small database (SQLite only), so that peers do not delay each other',
  ),
  checker: choice(
    'csync2',
    ['csync2', 'auto'],
    'who checks changed files: csync2, or inotify-csync itself where it can',
  ),
  csync2: text('csync2', 'PROGRAM', 'the csync2 program, a path or a name in PATH'),
  runtime_directory: path('/run/inotify-csync', 'directory for the sockets and private databases'),
  metrics_listen: {
    ...text('off', 'ADDRESS', 'serve metrics for Prometheus at this address, by plain HTTP'),
    shape: { kind: 'text', accepts: isListenAddress },
    expects:
      'off, a loopback address with a port such as 127.0.0.1:9823 or [::1]:9823, or the path of a socket',
  },
  log_level: choice('info', ['error', 'warn', 'info', 'debug'], 'least important messages to log'),
  csync2_options: {
    shape: { kind: 'texts' },
    default: [] as readonly string[],
    expects: 'a list of texts, such as ["-N", "web1"]',
    argument: 'OPTIONS',
    description: 'options passed to every call of csync2, before those on the command line',
    fromText: (words: string) => words.split(/\s+/).filter((word) => word !== ''),
  },
} as const satisfies Record<string, SettingDefinition>;

export type SettingName = keyof typeof settingDefinitions;

/** The values of all settings. Times are in seconds. */
export type Settings = {
  readonly [Name in SettingName as CamelCase<Name>]: ValueOf<
    (typeof settingDefinitions)[Name]['shape']
  >;
};

export const settingNames = Object.keys(settingDefinitions) as readonly SettingName[];

/** `check_interval` as `--check-interval`. */
export function flagOf(name: SettingName): string {
  return `--${name.replaceAll('_', '-')}`;
}

/** `check_interval` as `INOTIFY_CSYNC_CHECK_INTERVAL`. */
export function variableOf(name: SettingName): string {
  return `INOTIFY_CSYNC_${name.toUpperCase()}`;
}

/** `check_interval` as `checkInterval`. */
export function propertyOf<Name extends SettingName>(name: Name): CamelCase<Name> {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) =>
    letter.toUpperCase(),
  ) as CamelCase<Name>;
}

/** csync2's `-C NAME` for a `cfg_file`; undefined for csync2.cfg. */
export function configNameOf(cfgFile: string): string | undefined {
  return cfgFileShape().exec(cfgFile)?.[1];
}

function isCfgFile(name: string): boolean {
  return cfgFileShape().test(name);
}

type CamelCase<Text extends string> = Text extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Text;

/** csync2 allows no other names (csync2.c: "Config names are limited to [a-z0-9]+"). */
function cfgFileShape(): RegExp {
  return /^csync2(?:_([a-z0-9]+))?\.cfg$/;
}

function areFileEvents(list: string): boolean {
  parseFileEvents(list);
  return true;
}

function isListenAddress(address: string): boolean {
  parseListenAddress(address);
  return true;
}

function isNotEmpty(word: string): boolean {
  return word !== '';
}

function isAbsolutePath(word: string): boolean {
  return /^\/[^\0]*$/.test(word);
}

function seconds(value: number, { min, max }: { min: number; max: number }, description: string) {
  return {
    shape: { kind: 'number', min, max } as const,
    default: value,
    expects: `seconds, ${min} to ${max}`,
    argument: 'SECONDS',
    description,
    fromText: numberOf,
  };
}

function count(value: number, description: string, { min }: { readonly min: number }) {
  return {
    shape: { kind: 'whole', min, max: 1_000_000_000 } as const,
    default: value,
    expects: `a whole number, ${min} to 1000000000`,
    argument: 'N',
    description,
    fromText: numberOf,
  };
}

function yesOrNo(value: boolean, description: string) {
  return {
    shape: { kind: 'yesOrNo' } as const,
    default: value,
    expects: 'true or false (or 1 or 0)',
    argument: 'true|false',
    description,
    // A flag without a value means true.
    fromText: (word: string) => ({ '': true, true: true, 1: true, false: false, 0: false })[word],
  };
}

function text(value: string, argument: string, description: string) {
  return {
    shape: { kind: 'text', accepts: isNotEmpty } as const,
    default: value,
    expects: 'a text',
    argument,
    description,
    fromText: (word: string): unknown => word,
  };
}

function path(value: string, description: string) {
  return {
    ...text(value, 'PATH', description),
    shape: { kind: 'text', accepts: isAbsolutePath } as const,
    expects: 'an absolute path',
  };
}

function choice<const Value extends string>(
  value: NoInfer<Value>,
  values: readonly Value[],
  description: string,
) {
  return {
    shape: { kind: 'choice', values } as const,
    default: value,
    expects: `one of ${values.join(', ')}`,
    argument: values.join('|'),
    description,
    fromText: (word: string): unknown => word,
  };
}

function numberOf(word: string): number | undefined {
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(word) ? Number(word) : undefined;
}
