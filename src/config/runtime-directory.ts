import { exitCodes } from '../errors.js';
import { SettingError, SettingsFileError } from './errors.js';
import type { LoadSettingsOptions } from './load.js';
import { flagOf, settingDefinitions, variableOf } from './settings.js';
import { configVariable, defaultSettingsFile, readSettingsFile } from './settings-file.js';

/**
 * Reads only the runtime directory from the settings, because a mistake in another setting must not
 * prevent a request to the daemon. If the settings file is not valid TOML, searches it for the
 * line. A file named with `--config` must exist, because without it another daemon would be asked.
 *
 * Throws SettingError for an invalid directory, SettingsFileError for a named file that can't be
 * read.
 */
export function runtimeDirectory(options: Omit<LoadSettingsOptions, 'csync2Arguments'>): string {
  const { environment, flags } = options;
  const flag = flags[name];
  if (flag !== undefined) return checked(flag, { kind: 'flag', flag: flagOf(name) });
  const variable = variableOf(name);
  const set = environment[variable];
  if (set !== undefined) return checked(set, { kind: 'variable', variable });
  // RuntimeDirectory= may list several (systemd.exec(5)). The first counts.
  const given = environment.RUNTIME_DIRECTORY?.split(':')[0];
  return inFile(options) ?? (given || settingDefinitions[name].default);
}

const name = 'runtime_directory';

function inFile({
  configFile,
  environment,
  readFile,
}: Parameters<typeof runtimeDirectory>[0]): string | undefined {
  const named = configFile ?? environment[configVariable];
  const file = named ?? defaultSettingsFile;
  try {
    const found = readSettingsFile(named, readFile)?.values.get(name);
    return found && checked(found.value, { kind: 'file', file, line: found.line });
  } catch (error) {
    if (!(error instanceof SettingsFileError)) throw error;
    if (error.exitCode !== exitCodes.config) {
      if (named === undefined) return undefined;
      throw error;
    }
    return lineOf(readFile(file));
  }
}

function lineOf(text: string): string | undefined {
  const [, , path] = /^[ \t]*runtime_directory[ \t]*=[ \t]*(["'])(\/.*?)\1/m.exec(text) ?? [];
  return path;
}

function checked(value: unknown, origin: ConstructorParameters<typeof SettingError>[1]): string {
  const { default: standard, expects, shape } = settingDefinitions[name];
  if (typeof value === 'string' && shape.accepts(value)) return value;
  throw new SettingError(
    name,
    origin,
    `found ${JSON.stringify(value)}, expected ${expects}`,
    `the default is ${JSON.stringify(standard)}`,
  );
}
