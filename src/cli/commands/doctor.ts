import { writeFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import { exitCodes, InotifyCsyncError } from '../../errors.js';
import { askRunning } from '../ask-running.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { csync2OptionsHelp, withSettingFlags } from '../setting-flags.js';
import { plain, styleFor } from '../style.js';

/** `doctor`: gathers one text for a bug report. */
export function addDoctorCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'doctor',
    describe: 'collect everything for a bug report, without keys and passwords',
    builder: (own) =>
      withSettingFlags(own, context)
        .option('output', {
          type: 'string',
          nargs: 1,
          description: 'write the report to this file, which must not exist',
        })
        .example('$0 doctor --output report.txt', 'as root, which sees most')
        .epilogue(`${csync2OptionsHelp}\n\n${exitStatusText(['ok', 'usage', 'cannotCreate'])}`),
    handler: async (flags) => {
      const { settingsOf } = await import('../settings-of.js');
      // Imported late because it loads the addon.
      const { doctorReport, doctorText } = await import('./doctor/report.js');
      const sections = await doctorReport({
        settings: () => settingsOf(flags, context),
        status: () => askRunning(flags, context, { command: 'status' }),
      });
      const { output } = flags as { output?: string };
      const style = output === undefined ? styleFor(process.stdout, context.environment) : plain;
      const text = flags.json ? `${JSON.stringify({ sections })}\n` : doctorText(sections, style);
      if (output === undefined) process.stdout.write(text);
      else write(output, text);
    },
  });
}

/**
 * Writes a file that only its owner can read, and never through a link that another user has put
 * there.
 */
function write(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    throw new InotifyCsyncError(
      'ICS_OUTPUT',
      exitCodes.cannotCreate,
      `cannot write ${file}: ${(cause as Error).message}`,
      'name a file that does not exist yet, in a directory that this user can write',
      { cause },
    );
  }
}
