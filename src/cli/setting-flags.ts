import { readFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import {
  defaultSettingsFile,
  flagOf,
  type LoadedSettings,
  loadSettings,
  type SettingName,
  settingDefinitions,
  settingNames,
} from '../config/index.js';
import type { CommandContext } from './context.js';

/** A parsed command line: the settings in it are texts, by the names of their flags. */
export type ParsedFlags = Readonly<Record<string, unknown>>;

/** Adds a flag for every setting, and `--config`. */
export function withSettingFlags(parser: Argv): Argv {
  const group = 'Settings:';
  const file = `file of settings  PATH [${defaultSettingsFile}]`;
  parser.option('config', { nargs: 1, description: file, group });
  for (const name of flagNames) {
    const { description, argument, default: value } = settingDefinitions[name];
    const text = `${description}  ${argument} [${String(value)}]`;
    parser.option(flagName(name), {
      description: text,
      group,
      ...(name !== 'parallel_updates' && { nargs: 1 }),
    });
  }
  return parser;
}

/** Settles all settings from a command line made by `withSettingFlags`. Throws what `loadSettings` throws. */
export function settingsOf(flags: ParsedFlags, context: CommandContext): LoadedSettings {
  const texts = flagNames.map((name) => [name, textOf(flags[flagName(name)])] as const);
  return loadSettings({
    flags: Object.fromEntries(texts) as { [Name in SettingName]?: string | undefined },
    configFile: textOf(flags.config),
    csync2Arguments: context.csync2Arguments,
    environment: context.environment,
    readFile: (path) => readFileSync(path, 'utf8'),
  });
}

/** What is said of csync2's options in the help of commands that take them. */
export const csync2OptionsHelp = `OPTIONS OF CSYNC2
  Given as they are or after --, and passed to every csync2:
  -N NAME       this host's name and address        -D DATABASE  directory or URL of the database
  -C NAME       use csync2_NAME.cfg                 -p PORT      port, here and on the peers
  -G GROUPS     only these groups                   -A -B -F     as csync2 has them

SETTINGS
  --check-interval 1 is also $INOTIFY_CSYNC_CHECK_INTERVAL=1, and check_interval = 1 in the file of settings.
  The flag counts before the variable, the variable before the file. check-config shows what comes from where.`;

// Lists don't fit into one flag; for this one csync2's own options are there.
const flagNames = settingNames.filter((name) => name !== 'csync2_options');

function flagName(name: SettingName): string {
  return flagOf(name).slice(2);
}

function textOf(value: unknown): string | undefined {
  // `--no-parallel-updates` comes as false.
  return value === undefined ? undefined : String(value);
}

/** All flags of settings, for suggestions. */
export const allSettingFlags: readonly string[] = ['--config', ...settingNames.map(flagOf)];
