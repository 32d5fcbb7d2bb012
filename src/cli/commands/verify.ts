import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import { exitCodes } from '../../errors.js';
import type { VerifyReply } from '../../observe/control-replies.js';
import { askRunning } from '../ask-running.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { withSettingFlags } from '../setting-flags.js';
import { showReply } from '../show-reply.js';
import { styleFor } from '../style.js';
import { renderVerified } from './verify/render.js';

/** `verify`: compares the files of this host and its peers. */
export function addVerifyCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'verify [peer] [path]',
    describe: 'compare what csync2 has noted on this host and on its peers, and show differences',
    builder: (own) =>
      withSettingFlags(own, context)
        .positional('peer', {
          type: 'string',
          description: 'the peer; all if none, or if it is a path',
        })
        .positional('path', { type: 'string', description: 'only what is at and below it' })
        .option('repair', {
          type: 'boolean',
          description:
            'send what the peer lacks; for files on both hosts, `auto` in csync2.cfg decides',
        })
        .example('$0 verify', 'everything, with all peers')
        .example('$0 verify web2 /srv/www --repair', 'one peer, one tree, and repair it')
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
      const words = [flags.peer, flags.path].filter(
        (word): word is string => typeof word === 'string',
      );
      // A host name has no slash.
      const peer = words[0]?.includes('/') ? undefined : words.shift();
      const path =
        words[0] === undefined ? undefined : Buffer.from(resolve(words[0])).toString('latin1');
      const request = {
        ...({ command: 'verify', repair: flags.repair === true } as const),
        ...(peer === undefined ? {} : { peer }),
        ...(path === undefined ? {} : { path }),
      };
      const reply = (await askRunning(flags, context, request, asLongAsItLikes)) as VerifyReply;
      showReply(flags, reply, (each) =>
        renderVerified(each, styleFor(process.stdout, context.environment)),
      );
      context.exitCode = exitCodeOf(reply);
    },
  });
}

function exitCodeOf({ equal, peers }: VerifyReply): number {
  if (equal) return exitCodes.ok;
  return peers.some(({ different }) => different > 0) ? exitCodes.degraded : exitCodes.temporary;
}

/** A comparison takes seconds for each 100,000 files. */
const asLongAsItLikes = 0;
