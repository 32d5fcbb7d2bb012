/**
 * A place in the configuration. It consists of the file as it was opened and the line in that file,
 * counted from 1.
 */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** How csync2 resolves a conflict by itself (`auto …;`). */
export const autoMethods = [
  'none',
  'first',
  'younger',
  'older',
  'bigger',
  'smaller',
  'left',
  'right',
] as const;
export type AutoMethod = (typeof autoMethods)[number];

/** The content of a csync2.cfg, as the host `hostName` reads it. */
export interface CsyncConfig {
  /** The main file, as it was opened. */
  readonly file: string;
  /**
   * Every configuration file that was read, the main file first, each once, in the order of
   * opening.
   */
  readonly files: readonly string[];
  /** Own name, lower case. */
  readonly hostName: string;
  /** In file order, including groups that this host is not a member of. */
  readonly groups: readonly Group[];
  /** In file order, including prefixes without a path on this host. */
  readonly prefixes: readonly Prefix[];
  readonly nossl: readonly NoSsl[];
  /** The first `database` statement: a directory or a URL. Undefined: csync2's default. */
  readonly database?: string;
  /** The last `tempdir` statement. */
  readonly tempDirectory?: string;
  /** How often csync2 tries a busy database, one second apart. */
  readonly lockTimeout: number;
  readonly ignore: { readonly uid: boolean; readonly gid: boolean; readonly mod: boolean };
}

export interface Group {
  /** `group_1`, `group_2`, … when the file gives none. */
  readonly name: string;
  readonly place: Place;
  /** This host's name for the peers of this group; undefined if this host is not a member. */
  readonly myName?: string;
  /** This host stands in parentheses, so it only receives. */
  readonly slaveHere: boolean;
  /** The other hosts, in file order. */
  readonly hosts: readonly GroupHost[];
  readonly patterns: readonly GroupPattern[];
  /** The key file. The key itself is checked as csync2 checks it, and not kept. */
  readonly keyFile: string;
  readonly auto: AutoMethod;
  readonly backupDirectory?: Buffer;
  readonly backupGenerations: number;
  readonly actions: readonly GroupAction[];
}

export interface GroupHost {
  /**
   * The name on the network and in the dirty table, which is the part after the `@` if there is
   * one.
   */
  readonly name: string;
  readonly slave: boolean;
  /** The host stands before this host (for `auto left` and `auto right`). */
  readonly onLeft: boolean;
  readonly place: Place;
}

/**
 * One name after `include`, `exclude` or `compare`.
 *
 * Only names that begin with `/` or `%` are matched against the whole name. All others are matched
 * against its last component (csync2 groups.c), which is empty for `/` and the whole name for
 * `%prefix%`. So `exclude *;` leaves out both. In `compare A B;` csync2's grammar makes only the
 * last name a compare pattern. A is an include.
 */
export interface GroupPattern {
  /** Without trailing slashes. */
  readonly text: Buffer;
  readonly class: 'path' | 'basename';
  readonly action: 'include' | 'exclude' | 'compare';
  readonly place: Place;
}

export interface GroupAction {
  readonly patterns: readonly Buffer[];
  readonly commands: readonly Buffer[];
  readonly logFile: Buffer;
  readonly local: boolean;
  readonly localOnly: boolean;
}

export interface Prefix {
  readonly name: Buffer;
  readonly place: Place;
  /** The path of the first `on` line that fits this host, without trailing slashes. */
  readonly path?: Buffer;
}

/** fnmatch(3) patterns of the pairs of hosts that talk without TLS. */
export interface NoSsl {
  readonly from: string;
  readonly to: string;
}
