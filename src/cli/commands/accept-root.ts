import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import type { AcceptRootReply } from '../../observe/control-replies.js';
import { askRunning } from '../ask-running.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { withSettingFlags } from '../setting-flags.js';
import { showReply } from '../show-reply.js';

/** `accept-root`: an included directory has been emptied or replaced on purpose. */
export function addAcceptRootCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'accept-root <path>',
    describe:
      'confirm that an empty or replaced directory, or a missing mount, is intentional. WARNING: deletes the missing files on all peers',
    builder: (own) =>
      withSettingFlags(own, context)
        .positional('path', { type: 'string', demandOption: true, description: 'the directory' })
        .example('$0 accept-root /srv/www', 'delete on all peers what has been deleted here')
        .epilogue(exitStatusText(['ok', 'notRunning', 'usage', 'noPermission'])),
    handler: async (flags) => {
      const path = Buffer.from(resolve(flags.path as string)).toString('latin1');
      const reply = (await askRunning(flags, context, { command: 'accept-root', path })) as AcceptRootReply;
      showReply(
        flags,
        reply,
        ({ accepted }) => `accepted: ${accepted} as it is now; files missing in it are deleted on the peers`,
      );
    },
  });
}
