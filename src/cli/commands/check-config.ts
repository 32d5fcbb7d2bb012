import type { Argv } from 'yargs';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { errorObject } from '../report-error.js';
import { csync2OptionsHelp, withSettingFlags } from '../setting-flags.js';

/** `check-config`: shows the effective settings and csync2.cfg, and changes nothing. */
export function addCheckConfigCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'check-config',
    describe: 'check the settings and csync2.cfg, and show the result',
    builder: (own) =>
      withSettingFlags(own, context)
        .example('$0 check-config', 'what `run` would do')
        .example('$0 check-config -N web2 --json', 'what it would do as host web2, for scripts')
        .epilogue(
          `${csync2OptionsHelp}\n\n${exitStatusText(['ok', 'usage', 'noInput', 'noPermission', 'config'])}`,
        ),
    handler: async (flags) => {
      const { settingsOf } = await import('../settings-of.js');
      const loaded = settingsOf(flags, context);
      // Imported late because it loads the addon. Help and bad flags need no build.
      const { resolveInstance } = await import('../../csync2/run/resolve-instance.js');
      const { configReport, missingRoot } = await import('./check-config/report.js');
      const { renderReport } = await import('./check-config/render.js');
      const { readHostWarnings } = await import('./check-config/host-warnings.js');
      const { config, instance } = resolveInstance({
        ...loaded.csync2Options,
        program: loaded.settings.csync2,
        systemDirectory: loaded.settings.cfgPath,
      });
      const report = configReport(loaded, config, await readHostWarnings(loaded, config, instance));
      const error = missingRoot(config);
      const shown = error ? { ...report, error: errorObject(error) } : report;
      process.stdout.write(
        flags.json ? `${JSON.stringify(shown, undefined, 2)}\n` : renderReport(report),
      );
      if (error && !flags.json) throw error;
      context.exitCode = error?.exitCode ?? 0;
    },
  });
}
