import type { Argv } from 'yargs';
import type { EventsReply } from '../../observe/control-replies.js';
import { askRunning } from '../ask-running.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { type ParsedFlags, withSettingFlags } from '../setting-flags.js';
import { secondsOf } from '../time-span.js';
import { UsageError } from '../usage-error.js';
import { type Ask, pagesOf } from './events/pages.js';
import { eventLine, eventObject, leftOutLine, leftOutObject } from './events/render.js';

/** `events`: shows which files were sent to and received from which peers. */
export function addEventsCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'events',
    describe: 'show what was sent to and received from the peers',
    builder: (own) =>
      withSettingFlags(own, context)
        .option('follow', {
          type: 'boolean',
          description: 'continue with what happens from now on',
        })
        .option('since', {
          type: 'string',
          nargs: 1,
          description: 'only this far back: 90s, 30m, 1h, 2d',
        })
        .option('peer', { type: 'string', nargs: 1, description: 'only this peer' })
        .example('$0 events --since 1h', 'the last hour, as far as it is in memory (10,000 events)')
        .example('$0 events --follow --peer web2 --json', 'live, one object a line, for scripts')
        .epilogue(exitStatusText(['ok', 'notRunning', 'usage', 'temporary', 'noPermission'])),
    handler: async (flags) => {
      for await (const page of pagesOf(askFor(flags, context), flags.follow === true)) {
        const text = textOf(page, flags.json === true);
        if (text !== '' && !(await write(text))) return;
      }
      if (flags.follow) process.stderr.write('inotify-csync has stopped\n');
    },
  });
}

function askFor(flags: ParsedFlags, context: CommandContext): Ask {
  const { peer, since } = flags as { peer?: string; since?: string };
  const from = since === undefined ? undefined : Math.max(0, Date.now() - spanOf(since) * 1000);
  return async (after, seconds) => {
    const request = { command: 'events', after, peer, since: from, seconds } as const;
    return (await askRunning(flags, context, request, seconds + answerSeconds)) as EventsReply;
  };
}

function spanOf(text: string): number {
  const seconds = secondsOf(text);
  if (!Number.isNaN(seconds)) return seconds;
  throw new UsageError(
    `--since: found "${text}", expected a time such as 90s, 30m, 1h or 2d`,
    'see: inotify-csync events --help',
  );
}

function textOf({ events, left_out: leftOut }: EventsReply, isJson: boolean): string {
  const now = new Date();
  const lines = events.map((event) =>
    isJson ? JSON.stringify(eventObject(event)) : eventLine(event, now),
  );
  if (leftOut > 0)
    lines.unshift(isJson ? JSON.stringify(leftOutObject(leftOut, now)) : leftOutLine(leftOut));
  return lines.map((line) => `${line}\n`).join('');
}

/** Writes a text. Resolves to false when the reader has gone. */
function write(text: string): Promise<boolean> {
  return new Promise((resolve) => process.stdout.write(text, (error) => resolve(!error)));
}

/** The time that the daemon may need beyond the wait. */
const answerSeconds = 15;
