import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import { exitCodes } from '../../errors.js';
import { longestFlush } from '../../observe/control-protocol.js';
import type { FlushReply } from '../../observe/control-replies.js';
import type { Status } from '../../observe/status.js';
import { askRunning } from '../ask-running.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { defaultWait } from '../rewrite-words.js';
import { withSettingFlags } from '../setting-flags.js';
import { showReply } from '../show-reply.js';
import { secondsOf } from '../time-span.js';
import { UsageError } from '../usage-error.js';
import { showFlushProgress } from './flush/progress.js';

/** `flush`: waits until all earlier changes have reached the peers, for deploy scripts. */
export function addFlushCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'flush [paths..]',
    describe: 'wait until all earlier changes are on all peers',
    builder: (own) =>
      withSettingFlags(own, context)
        .positional('paths', {
          type: 'string',
          array: true,
          description: 'only changes at or below these paths; all if none',
        })
        .option('peer', { type: 'string', nargs: 1, description: 'wait for this peer only' })
        .option('wait', {
          type: 'string',
          nargs: 1,
          default: defaultWait,
          description: 'maximum wait: 500ms, 30s, 5m, or 0 to check only',
        })
        .example('$0 flush && systemctl reload nginx', 'at the end of a deploy script')
        .example('$0 flush /srv/www --peer web2 --wait=5m', 'one tree, one peer, five minutes')
        .epilogue(exitStatusText(['ok', 'notRunning', 'usage', 'temporary', 'noPermission'])),
    handler: async (flags) => {
      const { peer, wait } = flags as { peer?: string; wait: string };
      const seconds = waitOf(wait);
      const paths = (flags.paths as string[] | undefined)?.map((path) =>
        Buffer.from(resolve(path)).toString('latin1'),
      );
      const request = {
        command: 'flush',
        seconds,
        ...(paths?.length ? { paths } : {}),
        ...(peer === undefined ? {} : { peer }),
      } as const;
      const over = new AbortController();
      const { stderr } = process;
      const isShown = stderr.isTTY === true && process.env.TERM !== 'dumb' && flags.json !== true;
      const status = async () =>
        (await askRunning(flags, context, { command: 'status' }, statusSeconds)) as Status;
      const shown = isShown
        ? showFlushProgress({ output: stderr, peer, status }, over.signal)
        : undefined;
      const reply = (await askRunning(flags, context, request, seconds + answerSeconds).finally(
        async () => {
          over.abort();
          await shown;
        },
      )) as FlushReply;
      showReply(flags, reply, textOf);
      context.exitCode = reply.complete ? exitCodes.ok : exitCodes.temporary;
    },
  });
}

function waitOf(text: string): number {
  const seconds = secondsOf(text);
  if (seconds <= longestFlush) return seconds;
  throw new UsageError(
    `--wait: found "${text}", expected a time of a day at most, such as 500ms, 30s or 5m`,
    seeHelp,
  );
}

function textOf({ complete, pending, waited_s: waited }: FlushReply): string {
  const time = `${waited.toFixed(waited < 10 ? 2 : 0)} s`;
  if (complete) return `all earlier changes are on the peers (${time})`;
  return [`still pending after ${time}:`, ...pending.map(({ text }) => `  ${text}`)].join('\n');
}

/** The time that the daemon may need beyond the wait. */
const answerSeconds = 15;
/** A daemon that is busy must not keep the answer of the flush waiting for long. */
const statusSeconds = 2;
const seeHelp = 'see: inotify-csync flush --help';
