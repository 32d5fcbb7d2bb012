import { statSync } from 'node:fs';
import { join } from 'node:path';

/** One csync2 installation as we drive it: which program, whose configuration, which database. */
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
   * Whether the name was given (`-N`), which also sets the address that csync2 listens on and
   * connects from.
   */
  readonly hostNameGiven: boolean;
  /**
   * csync2's `-D`, or what the `database` statement says; undefined is csync2's default directory.
   */
  readonly database?: string;
  /** Whether `database` came from `-D` and so must be passed on. */
  readonly databaseGiven: boolean;
  /** TCP port, csync2's `-p`. */
  readonly port?: string;
  /**
   * The file with the trees that csync2 is kept within; see {@link writeTrees}. Undefined: it is
   * kept within none.
   */
  readonly treesFile?: string;
  /** Further options, passed to every call as they are. */
  readonly extraOptions: readonly string[];
}

/** Where csync2 keeps its tables. */
export type DatabaseLocation =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'server'; readonly url: string };

const defaultDirectory = '/var/lib/csync2';

/** The environment of its runs; `preload/` in `native` reads what is not csync2's own. */
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
 * The arguments that tell csync2 which node it is, to be followed by a mode such as `-c`.
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
 * Resolves the database as csync2's `db_open` does: a path is a directory, `sqlite3://` or
 * `sqlite://` takes a directory if it is one and a file otherwise, everything else is a server.
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
