import type { Argv } from 'yargs';
import { packageVersion } from '../../proc/package-version.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { refuseCsync2Options } from '../refuse-csync2-options.js';

/** `version`: prints the versions of this program and of the software that it uses. */
export function addVersionCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'version',
    describe: 'print the version',
    builder: (own) => own.epilogue(exitStatusText(['ok', 'usage'])),
    handler: ({ json }) => {
      refuseCsync2Options(context);
      const facts = {
        version: packageVersion(),
        node: process.version,
        platform: `${process.platform} ${process.arch}`,
      };
      const line = `inotify-csync ${facts.version} (node ${facts.node}, ${facts.platform})`;
      process.stdout.write(`${json ? JSON.stringify(facts) : line}\n`);
    },
  });
}
