import { exitCodes, InotifyCsyncError } from '../../errors.js';
import type { Place } from './model.js';

/**
 * The reasons why csync2 refuses a configuration. Each value stands for one of its own messages.
 */
export const configFaults = {
  syntax: 'the grammar does not allow it',
  parserStack: 'too many statements for the stack of csync2’s parser',
  includeMissing: 'an included file cannot be read',
  includeDepth: 'included files are nested too deeply',
  keyMissing: 'a group has no key',
  keyTwice: 'a group has two keys',
  keyUnreadable: 'a key file cannot be read',
  keyCharacter: 'a key file holds a character that is not allowed',
  keyShort: 'a key is too short',
  autoTwice: 'a group has two auto settings',
  autoUnknown: 'an auto setting is unknown',
  prefixRelative: 'the path of a prefix is not absolute',
  ignoreUnknown: 'an ignored property is unknown',
  cygwinOnly: 'a statement is for Cygwin only',
  configName: 'the configuration name is not allowed',
  prefixLimit: 'more prefixes are included than can be watched',
} as const;
export type ConfigFault = keyof typeof configFaults;

/**
 * csync2 refuses this csync2.cfg. `place` says where. `csync2Line` is the line number that csync2
 * itself would print.
 */
export class CsyncConfigError extends InotifyCsyncError {
  readonly fault: ConfigFault;
  readonly place: Place | undefined;
  /** For syntax errors only. csync2 counts the lines of all files it has read so far as one. */
  readonly csync2Line: number | undefined;

  constructor(
    fault: ConfigFault,
    place: Place | undefined,
    message: string,
    hint: string,
    more: { csync2Line?: number; cause?: unknown } = {},
  ) {
    const where = place ? `${place.file}:${place.line}: ` : '';
    super('ICS_CSYNC2_CONFIG', exitCodes.config, `${where}${message}`, hint, { cause: more.cause });
    this.fault = fault;
    this.place = place;
    this.csync2Line = more.csync2Line;
  }
}

/**
 * This user may not read a file of the configuration. That says nothing about its contents. Above
 * all, no other key must be made, because every host of the group has the present one.
 */
export class CsyncConfigDeniedError extends InotifyCsyncError {
  readonly file: string;

  constructor(file: string, what: string, place: Place | undefined, cause: unknown) {
    const where = place ? `${place.file}:${place.line}: ` : '';
    super(
      'ICS_CSYNC2_CONFIG_DENIED',
      exitCodes.noPermission,
      `${where}this user may not read ${what} ${file}`,
      'run this as root',
      { cause },
    );
    this.file = file;
  }

  /** Whether an error means that the user may not read a file. */
  static isCause(cause: unknown): boolean {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    return code === 'EACCES' || code === 'EPERM';
  }
}

/** The configuration file itself cannot be read. */
export class CsyncConfigMissingError extends InotifyCsyncError {
  readonly file: string;

  constructor(file: string, cause: unknown) {
    super(
      'ICS_CSYNC2_CONFIG_MISSING',
      exitCodes.noInput,
      `cannot read ${file}: ${cause instanceof Error ? cause.message : String(cause)}`,
      'create it, or name the directory that holds it: cfg_path in the settings; -C NAME reads csync2_NAME.cfg',
      { cause },
    );
    this.file = file;
  }
}

/**
 * No group of the configuration has this host as a member, so csync2 would refuse every command.
 */
export class HostNotInGroupError extends InotifyCsyncError {
  readonly hostName: string;

  constructor(file: string, hostName: string, hosts: readonly string[]) {
    const known = hosts.length === 0 ? 'it names no hosts' : `it knows ${hosts.join(', ')}`;
    super(
      'ICS_HOST_NOT_IN_GROUP',
      exitCodes.config,
      `this host (${hostName}) is in no group of ${file}; ${known}`,
      `say which of them this host is with -N NAME, or add \`host ${hostName};\` to a group`,
    );
    this.hostName = hostName;
  }
}
