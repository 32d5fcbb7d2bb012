import { InotifyCsyncError } from '../errors.js';
import { closest } from '../text/closest.js';
import { type Csync2Options, mergeCsync2Options, parseCsync2Options } from './csync2-options.js';
import { SettingError, UnknownSettingError } from './errors.js';
import type { Origin } from './origin.js';
import { schemaOf } from './schema.js';
import {
  configNameOf,
  flagOf,
  propertyOf,
  type SettingName,
  type Settings,
  settingDefinitions,
  settingNames,
  variableOf,
} from './settings.js';
import { configVariable, type FileValue, readSettingsFile } from './settings-file.js';

export interface LoadSettingsOptions {
  /** Settings on the command line, as texts. */
  readonly flags: { readonly [Name in SettingName]?: string | undefined };
  /** `--config`. */
  readonly configFile?: string | undefined;
  /** Words of the command line that are options of csync2. */
  readonly csync2Arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Reads a file as text, or throws node's ErrnoException. */
  readonly readFile: (path: string) => string;
}

export interface LoadedSettings {
  readonly settings: Settings;
  readonly csync2Options: Csync2Options;
  readonly origins: Readonly<Record<SettingName, Origin>>;
  /** The settings file that was read; undefined if there is none. */
  readonly file: string | undefined;
}

/**
 * Decides every setting. The command line comes before the environment, the environment before the
 * file, and the file before the default. The directories that systemd gives a service are defaults
 * (systemd.exec(5), RuntimeDirectory= and so on).
 *
 * Throws SettingError, UnknownSettingError, SettingsFileError, Csync2OptionError.
 */
export function loadSettings(options: LoadSettingsOptions): LoadedSettings {
  const { flags, environment } = options;
  refuseMisspelledVariables(environment);
  const file = readSettingsFile(
    options.configFile ?? environment[configVariable],
    options.readFile,
  );
  refuseUnknownKeys(file?.path ?? '', file?.values ?? new Map());

  const values: Record<string, unknown> = {};
  const origins = {} as Record<SettingName, Origin>;
  for (const name of settingNames) {
    const found = findValue(name, flags, environment, file);
    origins[name] = found.origin;
    values[propertyOf(name)] = found.checked
      ? found.value
      : checkedValue(name, found.value, found.origin);
  }
  const settings = values as Settings;
  return { ...withCsync2Options(settings, origins, options.csync2Arguments), file: file?.path };
}

type Found = { readonly origin: Origin; readonly value: unknown; readonly checked?: true };

function findValue(
  name: SettingName,
  flags: LoadSettingsOptions['flags'],
  environment: LoadSettingsOptions['environment'],
  file: ReturnType<typeof readSettingsFile>,
): Found {
  const flag = flags[name];
  if (flag !== undefined) return fromText(name, flag, { kind: 'flag', flag: flagOf(name) });
  const variable = variableOf(name);
  const set = environment[variable];
  if (set !== undefined) return fromText(name, set, { kind: 'variable', variable });
  const inFile = file?.values.get(name);
  if (file && inFile)
    return { value: inFile.value, origin: { kind: 'file', file: file.path, line: inFile.line } };
  const given = serviceDirectory(name, environment);
  if (given) return { value: given.path, origin: { kind: 'variable', variable: given.variable } };
  return { value: settingDefinitions[name].default, origin: { kind: 'default' }, checked: true };
}

function fromText(name: SettingName, text: string, origin: Origin): Found {
  const value = settingDefinitions[name].fromText(text);
  if (value === undefined) throw wrongValue(name, text, origin);
  return { value, origin };
}

function checkedValue(name: SettingName, value: unknown, origin: Origin): unknown {
  try {
    const result = schemaOf(settingDefinitions[name].shape).safeParse(value);
    if (result.success) return result.data;
  } catch (error) {
    if (error instanceof InotifyCsyncError)
      throw new SettingError(name, origin, error.message, error.hint);
    throw error;
  }
  throw wrongValue(name, value, origin);
}

function wrongValue(name: SettingName, value: unknown, origin: Origin): SettingError {
  const { expects, default: standard } = settingDefinitions[name];
  const found = value === '' ? 'nothing' : JSON.stringify(value);
  return new SettingError(
    name,
    origin,
    `found ${found}, expected ${expects}`,
    `the default is ${JSON.stringify(standard)}`,
  );
}

const serviceDirectories: {
  readonly [Name in SettingName]?: readonly [variable: string, file: string];
} = {
  queue_file: ['STATE_DIRECTORY', '/queue.log'],
  csync_log: ['LOGS_DIRECTORY', '/csync2.log'],
  runtime_directory: ['RUNTIME_DIRECTORY', ''],
};

function serviceDirectory(
  name: SettingName,
  environment: LoadSettingsOptions['environment'],
): { path: string; variable: string } | undefined {
  const [variable, file] = serviceDirectories[name] ?? [];
  // Several directories are separated by colons.
  const directory = variable && environment[variable]?.split(':')[0];
  return variable && directory ? { path: `${directory}${file}`, variable } : undefined;
}

function refuseUnknownKeys(file: string, values: ReadonlyMap<string, FileValue>): void {
  for (const [key, { line }] of values) {
    if ((settingNames as readonly string[]).includes(key)) continue;
    const meant = closest(key.replaceAll('-', '_'), settingNames);
    throw new UnknownSettingError(key, { kind: 'file', file, line }, meant, settingNames);
  }
}

/**
 * Refuses unknown variables that look like a setting. Other programs may have variables with our
 * prefix.
 */
function refuseMisspelledVariables(environment: LoadSettingsOptions['environment']): void {
  const known = [...settingNames.map(variableOf), configVariable];
  for (const variable of Object.keys(environment)) {
    if (!variable.startsWith('INOTIFY_CSYNC_') || known.includes(variable)) continue;
    const meant = closest(
      variable.toLowerCase(),
      known.map((name) => name.toLowerCase()),
    );
    if (meant)
      throw new UnknownSettingError(
        variable,
        { kind: 'variable', variable },
        meant.toUpperCase(),
        known,
      );
  }
}

function withCsync2Options(
  settings: Settings,
  origins: Record<SettingName, Origin>,
  args: readonly string[],
): Omit<LoadedSettings, 'file'> {
  const origin = origins.csync2_options;
  let first: Csync2Options;
  try {
    first = parseCsync2Options(settings.csync2Options);
  } catch (error) {
    if (!(error instanceof InotifyCsyncError)) throw error;
    throw new SettingError('csync2_options', origin, error.message, error.hint);
  }
  const second = parseCsync2Options(args);
  const csync2Options = mergeCsync2Options(first, second);
  const named = configNameOf(settings.cfgFile);
  const configName = csync2Options.configName ?? named;
  if (configName === undefined || configName === named) {
    const options = configName === undefined ? csync2Options : { ...csync2Options, configName };
    return { settings, origins, csync2Options: options };
  }
  const cfgFile = `csync2_${configName}.cfg`;
  if (origins.cfg_file.kind !== 'default') {
    const message = `it is ${settings.cfgFile}, but csync2's option -C ${configName} means ${cfgFile}`;
    throw new SettingError('cfg_file', origins.cfg_file, message, 'leave one of them out');
  }
  const cfgOrigin: Origin =
    second.configName === undefined ? origin : { kind: 'flag', flag: `-C ${configName}` };
  return {
    settings: { ...settings, cfgFile },
    origins: { ...origins, cfg_file: cfgOrigin },
    csync2Options,
  };
}
