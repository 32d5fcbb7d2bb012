import type { Argv } from 'yargs';
import { settingDefinitions, settingNames, variableOf } from '../../config/settings.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { refuseCsync2Options } from '../refuse-csync2-options.js';
import { csync2OptionsHelp } from '../setting-flags.js';
import { unknownCommand } from '../usage-error.js';

/** `help`: of a command, or of the settings. What it says of commands is what their `--help` says. */
export function addHelpCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'help [topic]',
    describe: 'show help for a command or for the settings',
    builder: (own) =>
      own
        .positional('topic', { type: 'string', description: 'a command, or `settings`' })
        .epilogue(exitStatusText(['ok', 'usage'])),
    handler: ({ json, topic }) => {
      refuseCsync2Options(context);
      if (topic !== settingsTopic) throw unknownCommand(String(topic));
      process.stdout.write(json ? `${JSON.stringify(settingObjects())}\n` : settingsHelp());
    },
  });
}

const settingsTopic = 'settings';

function settingsHelp(): string {
  const lines = settingNames.flatMap((name) => {
    const { argument, default: value, description, expects } = settingDefinitions[name];
    return [
      `${name} = ${argument}`,
      `    ${description}`,
      `    ${expects}; default ${JSON.stringify(value)}`,
    ];
  });
  return `Settings stand in /etc/inotify-csync.toml, or in the file that --config or $INOTIFY_CSYNC_CONFIG names. Each is a flag
and a variable, too: --check-interval 1 is also $INOTIFY_CSYNC_CHECK_INTERVAL=1, and check_interval = 1 in the file. The
flag counts before the variable, the variable before the file. check-config shows all, and where each comes from.

${lines.join('\n')}

${csync2OptionsHelp}
`;
}

function settingObjects() {
  return settingNames.map((name) => {
    const { default: value, description, expects } = settingDefinitions[name];
    return { name, variable: variableOf(name), default: value, expects, description };
  });
}
