import type { Argv } from 'yargs';
import { exitCodes } from '../../errors.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { csync2OptionsHelp, withSettingFlags } from '../setting-flags.js';

/**
 * `watch-limit`: shows whether the kernel allows as many watches as the trees need. `--apply`
 * raises the limit.
 */
export function addWatchLimitCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'watch-limit',
    describe:
      "show or raise inotify's limits, with who uses them and what the configured trees need",
    builder: (own) =>
      withSettingFlags(own, context)
        .option('apply', {
          type: 'boolean',
          description: 'raise the limits, now and at every boot',
        })
        .example('$0 watch-limit', 'needs no running daemon; root sees most')
        .example('$0 watch-limit --apply', 'as root: raise what is too low, lower nothing')
        .epilogue(
          `${csync2OptionsHelp}\n\n${exitStatusText(
            [
              'ok',
              'degraded',
              'usage',
              'noInput',
              'systemLimit',
              'cannotCreate',
              'noPermission',
              'config',
            ],
            { degraded: 'a limit is too low (not with --apply)' },
          )}`,
        ),
    handler: async (flags) => {
      const { settingsOf } = await import('../settings-of.js');
      const { settings, csync2Options } = settingsOf(flags, context);
      // Imported late because it loads the addon. Help and bad flags need no build.
      const { resolveInstance } = await import('../../csync2/run/resolve-instance.js');
      const { selectionOf } = await import('../../csync2/cfg/index.js');
      const { applyLimits, assessLimits, sysctlFile } = await import('../../limits/index.js');
      const { queueHolder } = await import('../../queue/from-outside.js');
      const { walkProgress } = await import('./watch-limit/progress.js');
      const { renderApplied, renderAssessment } = await import('./watch-limit/render.js');
      const { config } = resolveInstance(
        { ...csync2Options, program: settings.csync2, systemDirectory: settings.cfgPath },
        { readKeys: false },
      );
      const progress = walkProgress();
      const assessment = assessLimits({
        selection: selectionOf(config),
        daemon: queueHolder(settings.queueFile),
        uid: process.geteuid?.() ?? 0,
        sysctlFile,
        onDirectory: progress.onDirectory,
      });
      progress.end();
      const wanted = new Map(assessment.limits.map(({ name, recommended }) => [name, recommended]));
      const applied = flags.apply ? applyLimits(wanted) : undefined;
      if (flags.json) {
        const object = { ...assessment, applied: applied ?? null };
        process.stdout.write(`${JSON.stringify(object, undefined, 2)}\n`);
      } else {
        process.stdout.write(renderAssessment(assessment));
        if (applied) process.stdout.write(`\n${renderApplied(applied, sysctlFile)}`);
      }
      const isEnough = applied !== undefined || assessment.limits.every(({ enough }) => enough);
      context.exitCode = isEnough ? exitCodes.ok : exitCodes.degraded;
    },
  });
}
