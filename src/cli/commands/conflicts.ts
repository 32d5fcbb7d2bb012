import type { Argv } from 'yargs';
import { exitCodes } from '../../errors.js';
import type { ConflictsReply } from '../../observe/control-replies.js';
import { askRunning } from '../ask-running.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { withSettingFlags } from '../setting-flags.js';
import { showReply } from '../show-reply.js';
import { styleFor } from '../style.js';
import { renderConflicts } from './conflicts/render.js';

/** `conflicts`: shows files that changed on this host and on a peer, with both sides. */
export function addConflictsCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'conflicts',
    describe: 'list files that were changed both here and on a peer, with what each host has',
    builder: (own) =>
      withSettingFlags(own, context)
        .example('$0 conflicts', 'exit status 0 if there are none, 1 if there are some')
        .epilogue(
          exitStatusText([
            'ok',
            'degraded',
            'notRunning',
            'usage',
            'unavailable',
            'temporary',
            'noPermission',
          ]),
        ),
    handler: async (flags) => {
      const reply = (await askRunning(
        flags,
        context,
        { command: 'conflicts' },
        asLongAsItLikes,
      )) as ConflictsReply;
      showReply(flags, reply, (each) =>
        renderConflicts(each, styleFor(process.stdout, context.environment)),
      );
      context.exitCode = reply.conflicts.length > 0 ? exitCodes.degraded : exitCodes.ok;
    },
  });
}

/** An asked peer takes a second for each 100,000 files, and longer if it cannot be reached. */
const asLongAsItLikes = 0;
