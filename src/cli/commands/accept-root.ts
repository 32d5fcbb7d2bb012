import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import type { AcceptRootReply } from '../../observe/control-replies.js';
import { askRunning } from '../ask-running.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { withSettingFlags } from '../setting-flags.js';
import { counted, showReply } from '../show-reply.js';

/** `accept-root`: accepts that an included directory was emptied or replaced on purpose. */
export function addAcceptRootCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'accept-root <path>',
    describe:
      'confirm that an empty or replaced directory, or a missing mount, is intentional. WARNING: deletes the missing files on all peers',
    builder: (own) =>
      withSettingFlags(own, context)
        .positional('path', { type: 'string', demandOption: true, description: 'the directory' })
        .option('dry-run', {
          type: 'boolean',
          description: 'only show how many files would be deleted on which peers',
        })
        .example('$0 accept-root /srv/www --dry-run', 'before it')
        .example('$0 accept-root /srv/www', 'delete on all peers what has been deleted here')
        .epilogue(exitStatusText(['ok', 'notRunning', 'usage', 'noPermission'])),
    handler: async (flags) => {
      const path = Buffer.from(resolve(flags.path as string)).toString('latin1');
      const command = flags['dry-run'] === true ? 'preview-accept-root' : 'accept-root';
      const request = { command, path } as const;
      // Counting the files of a large tree takes a while.
      const reply = (await askRunning(flags, context, request, 0)) as AcceptRootReply;
      showReply(flags, reply, textOf);
    },
  });
}

function textOf({ accepted, missing, peers }: AcceptRootReply): string {
  const files = missing === null ? 'files missing in it' : counted(missing, 'file');
  const where =
    peers.length === 0
      ? 'the peers'
      : peers.map(({ peer, files: count }) => `${peer} (${count})`).join(', ');
  if (accepted === null) return `would be deleted: ${files}, on ${where}`;
  return `accepted: ${accepted} as it is now; ${missing === null ? `${files} are` : `${files} missing in it ${missing === 1 ? 'is' : 'are'}`} deleted on ${where}`;
}
