import type { Argv } from 'yargs';
import {
  type SettingName,
  settingDefinitions,
  settingNames,
  variableOf,
} from '../../config/settings.js';
import { closest } from '../../text/closest.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { refuseCsync2Options } from '../refuse-csync2-options.js';
import { csync2OptionsHelp } from '../setting-flags.js';
import { commandNames, UsageError, unknownCommand } from '../usage-error.js';

/**
 * `help`: shows help for a command or for the settings. For a command the text is that of its
 * `--help`.
 */
export function addHelpCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'help [topic]',
    describe: 'show help for a command, for the settings or for one of them',
    builder: (own) =>
      own
        .positional('topic', {
          type: 'string',
          description: 'a command, `settings`, or the name of a setting',
        })
        .epilogue(exitStatusText(['ok', 'usage'])),
    handler: ({ json, topic }) => {
      refuseCsync2Options(context);
      const name = String(topic).replaceAll('-', '_');
      const setting = settingNames.find((known) => known === name);
      if (setting === undefined && topic !== settingsTopic) throw unknownTopic(String(topic));
      const names = setting === undefined ? settingNames : [setting];
      if (json) process.stdout.write(`${JSON.stringify(names.map(settingObject))}\n`);
      else
        process.stdout.write(setting === undefined ? settingsHelp() : `${settingLines(setting)}\n`);
    },
  });
}

const settingsTopic = 'settings';

function unknownTopic(topic: string): UsageError {
  const setting = closest(topic.replaceAll('-', '_'), settingNames);
  if (setting === undefined || closest(topic, commandNames)) return unknownCommand(topic);
  return new UsageError(`there is no command or setting ${topic}`, `did you mean ${setting}?`);
}

function settingsHelp(): string {
  const lines = settingNames.map(settingLines);
  return `Settings stand in /etc/inotify-csync.toml, or in the file that --config or $INOTIFY_CSYNC_CONFIG names. Each is a flag
and a variable, too: --check-interval 1 is also $INOTIFY_CSYNC_CHECK_INTERVAL=1, and check_interval = 1 in the file. The
flag counts before the variable, the variable before the file. check-config shows all, and where each comes from.

${lines.join('\n')}

${csync2OptionsHelp}
`;
}

function settingLines(name: SettingName): string {
  const { argument, default: value, description, expects } = settingDefinitions[name];
  return `${name} = ${argument}\n    ${description}\n    ${expects}; default ${JSON.stringify(value)}`;
}

function settingObject(name: SettingName) {
  const { default: value, description, expects } = settingDefinitions[name];
  return { name, variable: variableOf(name), default: value, expects, description };
}
