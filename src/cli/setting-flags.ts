import type { Argv } from 'yargs';
import type { LoadSettingsOptions } from '../config/load.js';
import { flagOf, type SettingName, settingDefinitions, settingNames } from '../config/settings.js';
import { defaultSettingsFile } from '../config/settings-file.js';
import type { CommandContext } from './context.js';

/** A parsed command line. Its settings are texts, by the names of their flags. */
export type ParsedFlags = Readonly<Record<string, unknown>>;

/**
 * Adds a flag for every setting, and `--config`. Help leaves them out because `help settings` shows
 * them.
 */
export function withSettingFlags(parser: Argv, _context: CommandContext): Argv {
  parser.option('config', { nargs: 1, description: `settings file [${defaultSettingsFile}]` });
  for (const name of flagNames) {
    const { description } = settingDefinitions[name];
    parser.option(flagName(name), {
      description,
      hidden: true,
      ...(name !== 'parallel_updates' && { nargs: 1 }),
    });
  }
  return parser;
}

/**
 * Returns the settings of a command line made by `withSettingFlags`, as texts, and the settings
 * file that it names.
 */
export function settingTexts(
  flags: ParsedFlags,
): Pick<LoadSettingsOptions, 'flags' | 'configFile'> {
  const texts = flagNames.map((name) => [name, textOf(flags[flagName(name)])] as const);
  return {
    flags: Object.fromEntries(texts) as { [Name in SettingName]?: string | undefined },
    configFile: textOf(flags.config),
  };
}

/** The text about csync2's options in the help of the settings, and of commands that take them. */
export const csync2OptionsHelp = `OPTIONS OF CSYNC2
  Given as they are or after --, and passed to every csync2:
  -N NAME       this host's name and address        -D DATABASE  directory or URL of the database
  -C NAME       use csync2_NAME.cfg                 -p PORT      port, here and on the peers
  -G GROUPS     only these groups                   -A -B -F     as csync2 has them`;

// A list doesn't fit into one flag, so csync2's options are given as they are instead of this
// setting.
const flagNames = settingNames.filter((name) => name !== 'csync2_options');

function flagName(name: SettingName): string {
  return flagOf(name).slice(2);
}

function textOf(value: unknown): string | undefined {
  // yargs reads `--no-parallel-updates` as false.
  return value === undefined ? undefined : String(value);
}
