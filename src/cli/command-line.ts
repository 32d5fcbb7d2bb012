import yargs, { type Argv } from 'yargs';
import { addAcceptRootCommand } from './commands/accept-root.js';
import { addCheckCommand } from './commands/check.js';
import { addCheckConfigCommand } from './commands/check-config.js';
import { addExplainCommand } from './commands/explain.js';
import { addRetryCommand } from './commands/retry.js';
import { addRunCommand } from './commands/run.js';
import { addStatusCommand } from './commands/status.js';
import { addVersionCommand } from './commands/version.js';
import { addWatchLimitCommand } from './commands/watch-limit.js';
import type { CommandContext } from './context.js';
import { packageVersion } from './package-version.js';
import { splitWords } from './split-words.js';
import { usageErrorOf } from './usage-error.js';

/** The commands, in the order of the help text. */
const commands = [
  addRunCommand,
  addStatusCommand,
  addCheckCommand,
  addRetryCommand,
  addAcceptRootCommand,
  addExplainCommand,
  addCheckConfigCommand,
  addWatchLimitCommand,
  addVersionCommand,
];

/** Runs what the words of a command line say and resolves to the exit code. Throws an InotifyCsyncError. */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  const { own, csync2 } = splitWords(words);
  const context: CommandContext = { csync2Arguments: csync2, environment: process.env, exitCode: 0 };
  const parser = commands.reduce((line, add) => add(line, context), baseParser(own));
  await parser.parseAsync([...own]);
  return context.exitCode;
}

function baseParser(words: readonly string[]): Argv {
  return yargs()
    .scriptName('inotify-csync')
    .usage('$0 [COMMAND] [settings]\n\nBrings file changes to all csync2 peers as they happen.')
    .parserConfiguration({
      'camel-case-expansion': false,
      'dot-notation': false,
      'duplicate-arguments-array': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .locale('en')
    .strict()
    .version(packageVersion())
    .help()
    .completion('completion', 'print a completion script for bash or zsh')
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .fail((message, error) => {
      // yargs calls this for what a command throws, too, and then has no message of its own.
      throw message ? usageErrorOf(message, words, commandNames) : error;
    });
}

const commandNames = [
  'run',
  'status',
  'check',
  'retry',
  'accept-root',
  'explain',
  'check-config',
  'watch-limit',
  'version',
  'completion',
];
