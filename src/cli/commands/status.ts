import type { Argv } from 'yargs';
import { exitCodes } from '../../errors.js';
import type { Status } from '../../observe/status.js';
import { askRunning } from '../ask-running.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { withSettingFlags } from '../setting-flags.js';
import { styleFor } from '../style.js';
import { secondsOf } from '../time-span.js';
import { UsageError } from '../usage-error.js';

/** `status`: how the running daemon is, live. */
export function addStatusCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'status',
    describe: 'show the state of the running service',
    builder: (own) =>
      withSettingFlags(own, context)
        .option('watch', {
          type: 'string',
          nargs: 1,
          description: 'show it again every second, or every 5s, 1m; q or Ctrl-C ends it',
        })
        .example('$0 status', 'for people')
        .example('$0 status --watch=5s', 'live, every five seconds')
        .example('$0 status --json', 'for scripts; ages are in seconds')
        .epilogue(
          exitStatusText(['ok', 'degraded', 'notRunning', 'usage', 'temporary', 'noPermission']),
        ),
    handler: async (flags) => {
      const ask = async (seconds?: number) =>
        (await askRunning(flags, context, { command: 'status' }, seconds)) as Status;
      const { watch } = flags as { watch?: string };
      const isJson = flags.json === true;
      if (watch !== undefined) {
        const { watchStatus } = await import('./status/watch.js');
        await watchStatus({
          seconds: watchSeconds(watch),
          isJson,
          style: styleFor(process.stdout, context.environment),
          ask: () => ask(answerSeconds),
        });
        return;
      }
      const status = await ask();
      const { renderStatus } = await import('./status/render.js');
      const { isTTY, columns } = process.stdout;
      const text = isJson
        ? `${JSON.stringify(status)}\n`
        : renderStatus(
            status,
            styleFor(process.stdout, context.environment),
            isTTY ? columns || undefined : undefined,
          );
      process.stdout.write(text);
      context.exitCode = status.health === 'healthy' ? exitCodes.ok : exitCodes.degraded;
    },
  });
}

function watchSeconds(text: string): number {
  const seconds = secondsOf(text);
  if (seconds >= shortestWatch && seconds <= longestWatch) return seconds;
  throw new UsageError(
    `--watch: found "${text}", expected a time from 100ms to a day, such as 1s or 5m`,
    'see: inotify-csync status --help',
  );
}

const shortestWatch = 0.1;
const longestWatch = 86_400;
/** Shorter than elsewhere, so that a daemon that does not answer is reported soon. */
const answerSeconds = 5;
