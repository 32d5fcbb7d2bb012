import type { Argv } from 'yargs';
import type { ReloadReply } from '../../observe/control-replies.js';
import { askRunning } from '../ask-running.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { withSettingFlags } from '../setting-flags.js';
import { showReply } from '../show-reply.js';

/** `reload`: reads both configurations again. The answer comes when the daemon uses them. */
export function addReloadCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'reload',
    describe: 'reload the settings and csync2.cfg, and wait until they are in use',
    builder: (own) =>
      withSettingFlags(own, context)
        .example('$0 reload', 'what systemctl reload does; fails if they are invalid')
        .epilogue(
          exitStatusText([
            'ok',
            'notRunning',
            'usage',
            'noInput',
            'systemLimit',
            'noPermission',
            'config',
          ]),
        ),
    handler: async (flags) => {
      // Walking a large tree may take any time.
      const reply = (await askRunning(flags, context, { command: 'reload' }, 0)) as ReloadReply;
      showReply(flags, reply, textOf);
    },
  });
}

function textOf({ needs_restart: late }: ReloadReply): string {
  const more = late.length > 0 ? `; restart the service to apply: ${late.join(', ')}` : '';
  return `the settings and csync2.cfg are in use${more}`;
}
