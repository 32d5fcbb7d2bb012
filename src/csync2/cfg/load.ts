import { readFileSync } from 'node:fs';
import { ConfigBuilder, lowerCase, type MatchHost } from './builder.js';
import {
  CsyncConfigDeniedError,
  CsyncConfigError,
  CsyncConfigMissingError,
  HostNotInGroupError,
} from './errors.js';
import { parse } from './grammar.js';
import type { CsyncConfig } from './model.js';
import { matchHost } from './native-selection.js';
import { type ReadFile, Scanner } from './tokens.js';

export interface LoadOptions {
  /** The directory of csync2.cfg and relative key files; csync2's CSYNC2_SYSTEM_DIR. */
  readonly systemDirectory: string;
  /** csync2's `-C NAME`: reads csync2_NAME.cfg. */
  readonly configName?: string;
  /** csync2's `-N`; case doesn't matter. */
  readonly hostName: string;
  /** Reads a file, or throws. */
  readonly readFile?: ReadFile;
  /** Whether to read key files as csync2 does. Requests about paths don't need that. */
  readonly readKeys?: boolean;
  /** fnmatch(3) for the hosts of prefixes; the addon's unless given. */
  readonly matchHost?: MatchHost;
}

/**
 * Reads a csync2.cfg as csync2 reads it.
 *
 * Throws CsyncConfigMissingError when the file cannot be read, CsyncConfigDeniedError when this
 * user may not read it, CsyncConfigError for everything that csync2 refuses, and
 * HostNotInGroupError when no group has this host.
 */
export function loadConfig(options: LoadOptions): CsyncConfig {
  const { systemDirectory, configName = '' } = options;
  const readFile = options.readFile ?? ((path) => readFileSync(path));
  const hostName = lowerCase(options.hostName);
  const file = configFile(systemDirectory, configName);
  const scanner = openScanner(file, readFile);
  const builder = new ConfigBuilder({
    hostName,
    systemDirectory,
    readFile,
    readKeys: options.readKeys ?? true,
    matchHost: options.matchHost ?? matchHost,
  });
  parse(scanner, builder);
  const { groups, prefixes, nossl, lockTimeout, ignore, database, tempDirectory } = builder;
  if (!groups.some((group) => group.myName !== undefined)) {
    throw new HostNotInGroupError(file, hostName, [...builder.knownHosts]);
  }
  return {
    file,
    files: scanner.files,
    hostName,
    groups,
    prefixes,
    nossl,
    lockTimeout,
    ignore,
    ...(database !== undefined && { database }),
    ...(tempDirectory !== undefined && { tempDirectory }),
  };
}

/**
 * The file that csync2 reads for `-C NAME`, or without it. Throws CsyncConfigError for names that
 * csync2 refuses.
 */
export function configFile(systemDirectory: string, configName = ''): string {
  if (/[^a-z0-9]/.test(configName)) {
    throw new CsyncConfigError(
      'configName',
      undefined,
      `${JSON.stringify(configName)} is not a configuration name`,
      'csync2 allows lower-case letters and digits only',
    );
  }
  return `${systemDirectory}/csync2${configName === '' ? '' : `_${configName}`}.cfg`;
}

function openScanner(file: string, readFile: ReadFile): Scanner {
  try {
    return new Scanner(file, readFile);
  } catch (cause) {
    if (CsyncConfigDeniedError.isCause(cause)) {
      throw new CsyncConfigDeniedError(file, "csync2's configuration", undefined, cause);
    }
    throw new CsyncConfigMissingError(file, cause);
  }
}
