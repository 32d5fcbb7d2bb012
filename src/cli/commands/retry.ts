import type { Argv } from 'yargs';
import { askRunning } from '../ask-running.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { withSettingFlags } from '../setting-flags.js';

/** `retry`: tries peers that are waited for, and parked files, at once. */
export function addRetryCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'retry [peer]',
    describe: 'send to a peer, or to all, what is waiting or parked, at once',
    builder: (own) =>
      withSettingFlags(own)
        .positional('peer', { type: 'string', description: 'name of the peer; all if none' })
        .example('$0 retry web2', 'after web2 has been repaired, or a conflict resolved')
        .epilogue(exitStatusText(['ok', 'notRunning', 'usage', 'noPermission'])),
    handler: async (flags) => {
      const { peer } = flags as { peer?: string };
      await askRunning(flags, context, { command: 'retry', ...(peer === undefined ? {} : { peer }) });
    },
  });
}
