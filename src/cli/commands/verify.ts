import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import { exitCodes } from '../../errors.js';
import type { DifferenceReply, VerifiedReply, VerifyReply } from '../../observe/control-replies.js';
import { askRunning } from '../ask-running.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { withSettingFlags } from '../setting-flags.js';
import { counted, showReply } from '../show-reply.js';

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
      showReply(flags, reply, ({ peers }) => peers.map(textOf).join('\n'));
      context.exitCode = exitCodeOf(reply);
    },
  });
}

function exitCodeOf({ equal, peers }: VerifyReply): number {
  if (equal) return exitCodes.ok;
  return peers.some(({ different }) => different > 0) ? exitCodes.degraded : exitCodes.temporary;
}

function textOf(verified: VerifiedReply): string {
  const { peer, error, compared, pending, differences, different, repaired } = verified;
  if (error !== null) return `${peer}: not compared: ${error}`;
  const onTheirWay = pending > 0 ? `, and ${pending} are on their way` : '';
  if (different === 0) return `${peer}: the same, ${counted(compared, 'name')}${onTheirWay}`;
  const lines = [`${peer}: ${different} of ${counted(compared, 'name')} differ${onTheirWay}`];
  for (const difference of differences) lines.push(`  ${differenceText(peer, difference)}`);
  if (different > differences.length) lines.push(`  and ${different - differences.length} more`);
  if (repaired > 0)
    lines.push(`  this host sends ${counted(repaired, 'name')}; verify again in a moment`);
  const theirs = differences.filter(({ sender }) => sender === 'there').length;
  if (theirs > 0)
    lines.push(`  ${theirs} are to be sent from ${peer}: inotify-csync verify --repair there`);
  if (differences.some(({ sender }) => sender === 'nobody')) {
    lines.push(
      '  csync2.cfg does not decide between two versions (auto none): on the host whose copy should win, run `csync2 -mr PATH; csync2 -f PATH`',
    );
  }
  return lines.join('\n');
}

function differenceText(peer: string, { path, here, there }: DifferenceReply): string {
  if (there === null) return `${path}: only here: ${here}`;
  if (here === null) return `${path}: only on ${peer}: ${there}`;
  return `${path}: here ${here}; on ${peer} ${there}`;
}

/** A comparison takes seconds for each 100,000 files. */
const asLongAsItLikes = 0;
