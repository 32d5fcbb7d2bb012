import { statSync } from 'node:fs';
import { join } from 'node:path';

/** One csync2 installation, with its program, its configuration and its database. */
export interface Instance {
  /** Program to run, a path or a name in PATH. */
  readonly program: string;
  /** Directory of csync2.cfg (`CSYNC2_SYSTEM_DIR`). */
  readonly systemDirectory: string;
  /** csync2's `-C NAME`. */
  readonly configName?: string;
  /** This node's name, lower-cased as csync2 does. */
  readonly hostName: string;
  /**
   * Whether the name was given (`-N`). It is then also the address that csync2 listens on and
   * connects from.
   */
  readonly hostNameGiven: boolean;
  /** csync2's `-D`, or the `database` statement; undefined for csync2's default directory. */
  readonly database?: string;
  /** Whether `database` came from `-D` and so must be passed on. */
  readonly databaseGiven: boolean;
  /** TCP port, csync2's `-p`. */
  readonly port?: string;
  /**
   * The file with the trees that csync2 must stay within; see {@link writeTrees}. Undefined if
   * there is no such bound.
   */
  readonly treesFile?: string;
  /** Further options, passed to every call as they are. */
  readonly extraOptions: readonly string[];
}

/** The place of csync2's tables. */
export type DatabaseLocation =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'server'; readonly url: string };

const defaultDirectory = '/var/lib/csync2';

/**
 * The environment of csync2's runs. `native/preload` reads the variables that are not csync2's own.
 */
export function instanceEnvironment({
  systemDirectory,
  treesFile,
}: Instance): Record<string, string> {
  return {
    CSYNC2_SYSTEM_DIR: systemDirectory,
    ...(treesFile === undefined ? {} : { INOTIFY_CSYNC_TREES: treesFile }),
  };
}

/**
 * The arguments that identify this node to csync2. A mode such as `-c` must follow.
 *
 * @param database - overrides the instance's database, for runs on a private one
 */
export function instanceArguments(instance: Instance, database?: string): string[] {
  const args = [...instance.extraOptions];
  if (instance.hostNameGiven) args.push('-N', instance.hostName);
  if (instance.configName !== undefined) args.push('-C', instance.configName);
  if (instance.port !== undefined) args.push('-p', instance.port);
  const chosen = database ?? (instance.databaseGiven ? instance.database : undefined);
  if (chosen !== undefined) args.push('-D', chosen);
  return args;
}

/**
 * The file name that csync2 gives its SQLite database inside a directory (csync2
 * `db_default_database`).
 */
export function databaseName(instance: Instance): string {
  const suffix = instance.configName === undefined ? '' : `_${instance.configName}`;
  return `${instance.hostName}${suffix}.db3`;
}

/**
 * Resolves the database as csync2's `db_open` does. A path is a directory, `sqlite3://` and
 * `sqlite://` accept a directory or a file, and everything else is a server.
 */
export function databaseLocation(instance: Instance): DatabaseLocation {
  const { database } = instance;
  if (database === undefined || database === '') return inDirectory(instance, defaultDirectory);
  if (database.startsWith('/')) return inDirectory(instance, database);
  const url = /^sqlite3?:\/\/(.*)$/s.exec(database);
  if (!url) return { kind: 'server', url: database };
  const path = url[1] ?? '';
  return isDirectory(path) ? inDirectory(instance, path) : { kind: 'sqlite', file: path };
}

function inDirectory(instance: Instance, directory: string): DatabaseLocation {
  return { kind: 'sqlite', file: join(directory, databaseName(instance)) };
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
