import type { Argv } from 'yargs';
import { exitCodes, InotifyCsyncError } from '../../errors.js';
import { NotRunningError } from '../../observe/control-client.js';
import type { MetricFamily } from '../../observe/exposition.js';
import { askRunning } from '../ask-running.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { withSettingFlags } from '../setting-flags.js';

/** `metrics`: prints the metrics for Prometheus as text. */
export function addMetricsCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'metrics',
    describe: 'print metrics for Prometheus',
    builder: (own) =>
      withSettingFlags(own, context)
        .option('output', {
          type: 'string',
          nargs: 1,
          description:
            'replace this file instead, at once and as a whole, for the textfile collector of node_exporter',
        })
        .example('$0 metrics', 'in the text format; inotify_csync_up is 0 when it does not run')
        .epilogue(exitStatusText(['ok', 'notRunning', 'usage', 'cannotCreate', 'noPermission'])),
    handler: async (flags) => {
      const { exposition } = await import('../../observe/exposition.js');
      const { upMetrics } = await import('../../observe/metrics.js');
      const families = (await askRunning(flags, context, { command: 'metrics' }).catch(
        (error: unknown) => {
          if (!(error instanceof NotRunningError)) throw error;
          context.exitCode = exitCodes.notRunning;
          return upMetrics(false);
        },
      )) as MetricFamily[];
      const text = flags.json ? `${JSON.stringify(families)}\n` : exposition(families);
      const { output } = flags as { output?: string };
      if (output === undefined) process.stdout.write(text);
      else await replaceOutput(output, text);
    },
  });
}

/**
 * Replaces the output file. Everybody may read it, because the collector runs as another user. It
 * need not be durable, because the next run writes it again.
 */
async function replaceOutput(file: string, text: string): Promise<void> {
  const { replaceFile } = await import('../../state/replace-file.js');
  try {
    replaceFile(file, text, { mode: 0o644, isDurable: false });
  } catch (cause) {
    throw new InotifyCsyncError(
      'ICS_OUTPUT',
      exitCodes.cannotCreate,
      `cannot write ${file}: ${(cause as Error).message}`,
      'name a file in a directory that this user can write',
      { cause },
    );
  }
}
