import type { Argv } from 'yargs';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { csync2OptionsHelp, withSettingFlags } from '../setting-flags.js';

/** `run`: runs the daemon in the foreground until SIGTERM or SIGINT. */
export function addRunCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'run',
    describe: 'watch, and send every change to all peers (in the foreground)',
    builder: (own) =>
      withSettingFlags(own, context)
        .example('$0 run', 'as csync2.cfg and /etc/inotify-csync.toml say')
        .example('$0 run -N 2.csync2.test', 'as the host 2.csync2.test')
        .example('$0 run --settle 0.1 -- -C blue', 'with csync2_blue.cfg')
        .epilogue(`${csync2OptionsHelp}\n\n${exitStatus}`),
    handler: async (flags) => {
      const { settingsOf } = await import('../settings-of.js');
      const { settings, csync2Options } = settingsOf(flags, context);
      const { runDaemon } = await import('../../daemon.js');
      context.exitCode = await runDaemon(
        settings,
        csync2Options,
        () => settingsOf(flags, context).settings,
      );
    },
  });
}

const exitStatus = exitStatusText([
  'ok',
  'usage',
  'noInput',
  'unavailable',
  'software',
  'systemLimit',
  'cannotCreate',
  'inputOutput',
  'temporary',
  'noPermission',
  'config',
]);
