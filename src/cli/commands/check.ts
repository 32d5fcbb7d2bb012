import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import type { CheckReply } from '../../observe/control-replies.js';
import { askRunning } from '../ask-running.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { withSettingFlags } from '../setting-flags.js';
import { counted, showReply } from '../show-reply.js';

/** `check`: has the daemon look at paths, or at everything. */
export function addCheckCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'check [paths..]',
    describe: 'check paths and everything below them now, or everything at the next quiet moment',
    builder: (own) =>
      withSettingFlags(own, context)
        .positional('paths', {
          type: 'string',
          array: true,
          description: 'paths to check; everything if none',
        })
        .example('$0 check', 'a full check at the next quiet moment')
        .example('$0 check /srv/www', 'this tree now')
        .epilogue(exitStatusText(['ok', 'notRunning', 'usage', 'noPermission'])),
    handler: async (flags) => {
      // A word of a command line that is not UTF-8 can't be told apart any more; `check DIRECTORY` reaches such names.
      const paths = (flags.paths as string[] | undefined)?.map((path) =>
        Buffer.from(resolve(path)).toString('latin1'),
      );
      const request = { command: 'check', ...(paths?.length ? { paths } : {}) } as const;
      const reply = (await askRunning(flags, context, request)) as CheckReply;
      showReply(flags, reply, textOf);
      if (flags.json) return;
      for (const path of reply.outside) {
        process.stderr.write(
          `inotify-csync: not checked, because csync2 synchronises nothing there: ${path}\n`,
        );
      }
    },
  });
}

function textOf({ queued }: CheckReply): string {
  if (queued === 'everything') return 'queued: a full check at the next quiet moment';
  return `queued: ${counted(queued.length, 'path')} with everything below`;
}
