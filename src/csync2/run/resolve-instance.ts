import { hostname } from 'node:os';
import { type CsyncConfig, type LoadOptions, loadConfig } from '../cfg/index.js';
import type { Instance } from './instance.js';

/** The settings and the command line, as far as they concern csync2. */
export interface InstanceRequest {
  readonly program: string;
  /** Directory of csync2.cfg. */
  readonly systemDirectory: string;
  readonly configName?: string;
  readonly hostName?: string;
  readonly database?: string;
  readonly port?: string;
  /** Options passed on as they are. */
  readonly rest: readonly string[];
}

/**
 * Reads csync2.cfg for this host and decides which name, configuration and database csync2 uses.
 *
 * Throws what `loadConfig` throws.
 */
export function resolveInstance(
  request: InstanceRequest,
  options: Pick<LoadOptions, 'readKeys'> = {},
): { config: CsyncConfig; instance: Instance } {
  const { program, systemDirectory, configName, port } = request;
  const hostName = (request.hostName ?? hostname()).toLowerCase();
  const config = loadConfig({
    systemDirectory,
    hostName,
    ...options,
    ...(configName === undefined ? {} : { configName }),
  });
  // The option wins over the statement, as in csync2.
  const database = request.database ?? config.database;
  return {
    config,
    instance: {
      program,
      systemDirectory,
      hostName,
      hostNameGiven: request.hostName !== undefined,
      databaseGiven: request.database !== undefined,
      extraOptions: request.rest,
      ...(configName === undefined ? {} : { configName }),
      ...(database === undefined ? {} : { database }),
      ...(port === undefined ? {} : { port }),
    },
  };
}
