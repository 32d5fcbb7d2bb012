import type { Argv } from 'yargs';
import { exitCodes } from '../../errors.js';
import { NotRunningError } from '../../observe/control-client.js';
import { exposition, type MetricFamily } from '../../observe/exposition.js';
import { upMetrics } from '../../observe/metrics.js';
import { askRunning } from '../ask-running.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { withSettingFlags } from '../setting-flags.js';
import { showReply } from '../show-reply.js';

/** `metrics`: what Prometheus collects, as text. */
export function addMetricsCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'metrics',
    describe: 'print metrics for Prometheus',
    builder: (own) =>
      withSettingFlags(own, context)
        .example('$0 metrics', 'in the text format; inotify_csync_up is 0 when it does not run')
        .epilogue(exitStatusText(['ok', 'notRunning', 'usage', 'noPermission'])),
    handler: async (flags) => {
      const families = await askRunning(flags, context, { command: 'metrics' }).catch((error: unknown) => {
        if (!(error instanceof NotRunningError) || error.exitCode !== exitCodes.notRunning) throw error;
        context.exitCode = exitCodes.notRunning;
        return upMetrics(false);
      });
      showReply(flags, families as MetricFamily[], (reply) => exposition(reply).trimEnd());
    },
  });
}
