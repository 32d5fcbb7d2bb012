import type { Argv } from 'yargs';
import { exitCodes } from '../../errors.js';
import type { Status } from '../../observe/status.js';
import { askRunning } from '../ask-running.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { withSettingFlags } from '../setting-flags.js';

/** `status`: how the running daemon is, live. */
export function addStatusCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'status',
    describe: 'show the state of the running service',
    builder: (own) =>
      withSettingFlags(own, context)
        .example('$0 status', 'for people')
        .example('$0 status --json', 'for scripts; ages are in seconds')
        .epilogue(exitStatusText(['ok', 'degraded', 'notRunning', 'usage', 'noPermission'])),
    handler: async (flags) => {
      const { renderStatus } = await import('./status/render.js');
      const status = (await askRunning(flags, context, { command: 'status' })) as Status;
      process.stdout.write(flags.json ? `${JSON.stringify(status)}\n` : renderStatus(status));
      context.exitCode = status.health === 'healthy' ? exitCodes.ok : exitCodes.degraded;
    },
  });
}
