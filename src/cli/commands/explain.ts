import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import { exitCodes } from '../../errors.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { csync2OptionsHelp, withSettingFlags } from '../setting-flags.js';

/**
 * `explain`: shows whether csync2 synchronises a path, and which line of which file decides that.
 */
export function addExplainCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'explain <path>',
    describe:
      'show whether a path is synchronised, which line of csync2.cfg decides, and what csync2 does not send of it',
    builder: (own) =>
      withSettingFlags(own, context)
        .positional('path', {
          type: 'string',
          demandOption: true,
          description: 'the path, which need not exist',
        })
        .example('$0 explain /srv/www/.git/index', 'why it is not on the peers')
        .epilogue(
          `${csync2OptionsHelp}\n\n${exitStatusText(['ok', 'degraded', 'usage', 'noInput', 'config'])}`,
        ),
    handler: async (flags) => {
      const { settingsOf } = await import('../settings-of.js');
      const { settings, csync2Options } = settingsOf(flags, context);
      // Imported late because it loads the addon. Help and bad flags need no build.
      const { resolveInstance } = await import('../../csync2/run/resolve-instance.js');
      const { explainPath, verdicts } = await import('../../csync2/cfg/index.js');
      const { notSent } = await import('../../csync2/files/not-sent.js');
      const { display } = await import('../../text/path-bytes.js');
      const { config } = resolveInstance(
        { ...csync2Options, program: settings.csync2, systemDirectory: settings.cfgPath },
        { readKeys: false },
      );
      const { path, verdict, lines } = explainPath(
        config,
        Buffer.from(resolve(flags.path as string)),
      );
      const shown = lines.map(({ text, place }) => ({
        text,
        place: place ? `${place.file}:${place.line}` : null,
      }));
      const missing = verdict === 'synchronised' ? notSent(path) : [];
      if (flags.json) {
        const reply = { path: display(path), verdict, lines: shown, not_sent: missing };
        process.stdout.write(`${JSON.stringify(reply)}\n`);
      } else {
        const reasons = shown.map(
          ({ text, place }) => `${text}${place === null ? '' : ` (${place})`}`,
        );
        const more = [...reasons, ...missing].map((line) => `  ${line}\n`);
        process.stdout.write(`${display(path)}: ${verdicts[verdict]}\n${more.join('')}`);
      }
      context.exitCode = verdict === 'synchronised' ? exitCodes.ok : exitCodes.degraded;
    },
  });
}
