import type { Argv } from 'yargs';
import type { RetryReply } from '../../observe/control-replies.js';
import { askRunning } from '../ask-running.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { withSettingFlags } from '../setting-flags.js';
import { showReply } from '../show-reply.js';

/** `retry`: tries waiting peers and files on hold at once. */
export function addRetryCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'retry [peer]',
    describe: 'send pending and on-hold files now, to one peer or to all',
    builder: (own) =>
      withSettingFlags(own, context)
        .positional('peer', { type: 'string', description: 'name of the peer; all if none' })
        .example('$0 retry web2', 'after repairing web2, or resolving a conflict')
        .epilogue(exitStatusText(['ok', 'notRunning', 'usage', 'temporary', 'noPermission'])),
    handler: async (flags) => {
      const { peer } = flags as { peer?: string };
      const request = { command: 'retry', ...(peer === undefined ? {} : { peer }) } as const;
      const reply = (await askRunning(flags, context, request)) as RetryReply;
      showReply(flags, reply, textOf);
    },
  });
}

function textOf({ paused = [], peers }: RetryReply): string {
  const left = paused.length > 0 ? `; paused, so not tried: ${paused.join(', ')}` : '';
  return `tried again now: ${peers.join(', ')}${left}`;
}
