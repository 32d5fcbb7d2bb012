import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Argv } from 'yargs';
import { type Shell, shells } from '../completion/shells.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { refuseCsync2Options } from '../refuse-csync2-options.js';
import { UsageError } from '../usage-error.js';

/** `completion`: a script that completes command lines of this program in a shell. */
export function addCompletionCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'completion [shell]',
    describe: 'print a completion script for bash, zsh or fish',
    builder: (own) =>
      own
        .positional('shell', { type: 'string', description: 'the shell; that of $SHELL if none' })
        .example('$0 completion bash', 'for source <(…) in ~/.bashrc; packages install it')
        .example('$0 completion fish | source', 'for this session of fish')
        .epilogue(exitStatusText(['ok', 'usage'])),
    handler: ({ json, shell: named }) => {
      refuseCsync2Options(context);
      const shell =
        named === undefined
          ? shellOf(context.environment.SHELL)
          : shellNamed(String(named), 'completion');
      const script = readFileSync(new URL(files[shell], folder), 'utf8');
      process.stdout.write(json ? `${JSON.stringify({ shell, script })}\n` : script);
    },
  });
}

function shellOf(path: string | undefined): Shell {
  if (path) return shellNamed(basename(path), '$SHELL');
  throw new UsageError('completion needs a shell: $SHELL is not set', seeShells);
}

function shellNamed(name: string, where: string): Shell {
  const shell = shells.find((known) => known === name);
  if (shell) return shell;
  throw new UsageError(`${where}: there is no completion script for ${name}`, seeShells);
}

const seeShells = `the shells are ${shells.join(', ')}`;
const folder = new URL('../../../completions/', import.meta.url);
const files: { readonly [Name in Shell]: string } = {
  bash: 'inotify-csync.bash',
  zsh: '_inotify-csync',
  fish: 'inotify-csync.fish',
};
