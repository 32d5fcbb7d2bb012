import yargs, { type Argv } from 'yargs';
import { exitCodes } from '../errors.js';
import { packageVersion } from '../proc/package-version.js';
import { addAcceptRootCommand } from './commands/accept-root.js';
import { addCheckCommand } from './commands/check.js';
import { addCheckConfigCommand } from './commands/check-config.js';
import { addConflictsCommand } from './commands/conflicts.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addEventsCommand } from './commands/events.js';
import { addExplainCommand } from './commands/explain.js';
import { addFlushCommand, wordsForFlush } from './commands/flush.js';
import { addHelpCommand, wordsForHelp } from './commands/help.js';
import { addMetricsCommand } from './commands/metrics.js';
import { addPauseCommand, addResumeCommand } from './commands/pause.js';
import { addReloadCommand } from './commands/reload.js';
import { addResolveCommand } from './commands/resolve.js';
import { addRetryCommand } from './commands/retry.js';
import { addRunCommand } from './commands/run.js';
import { addStatusCommand, wordsForStatus } from './commands/status.js';
import { addVerifyCommand } from './commands/verify.js';
import { addVersionCommand } from './commands/version.js';
import { addWatchLimitCommand } from './commands/watch-limit.js';
import type { CommandContext } from './context.js';
import { splitWords } from './split-words.js';
import { usageErrorOf } from './usage-error.js';

/** The commands, in the order of the help text. */
const commands = [
  addRunCommand,
  addStatusCommand,
  addEventsCommand,
  addCheckCommand,
  addFlushCommand,
  addVerifyCommand,
  addRetryCommand,
  addPauseCommand,
  addResumeCommand,
  addConflictsCommand,
  addResolveCommand,
  addAcceptRootCommand,
  addReloadCommand,
  addExplainCommand,
  addCheckConfigCommand,
  addWatchLimitCommand,
  addMetricsCommand,
  addDoctorCommand,
  addVersionCommand,
  addHelpCommand,
];

/** Runs what the words of a command line say and resolves to the exit code. Throws an InotifyCsyncError. */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  const { own, csync2 } = splitWords(words);
  const asked = wordsForStatus(wordsForFlush(wordsForHelp(own)));
  const context: CommandContext = {
    csync2Arguments: csync2,
    environment: process.env,
    completes: own.includes(completionFlag),
    exitCode: exitCodes.ok,
  };
  const parser = commands
    .reduce((line, add) => add(line, context), baseParser(asked))
    .completion('completion', 'print a completion script for bash or zsh');
  if (words.length === 0) {
    process.stdout.write(`${await parser.getHelp()}\n`);
    // A unit that forgets `run` must not look like one that has done its work.
    return exitCodes.usage;
  }
  await parser.parseAsync([...asked]);
  return context.exitCode;
}

function baseParser(words: readonly string[]): Argv {
  return yargs()
    .scriptName('inotify-csync')
    .usage('$0 COMMAND [settings]\n\nReal-time file replication to csync2 peers.')
    .parserConfiguration({
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .locale('en')
    .middleware(keepLastOfEach)
    .strict()
    .demandCommand(1, noCommand)
    .option('json', { type: 'boolean', global: true, description: 'print JSON, for scripts' })
    .version(packageVersion())
    .help()
    .showHidden(false)
    .epilogue('For details: inotify-csync help COMMAND, inotify-csync help settings.')
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .fail((message, error) => {
      // yargs calls this for what a command throws, too, and then has no message of its own.
      throw message ? usageErrorOf(message, words) : error;
    });
}

/** Of a flag that is given twice the last counts. (yargs' own setting for it also keeps only the last of several operands.) */
function keepLastOfEach(words: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(words)) {
    if (Array.isArray(value) && name !== '_' && !operandLists.has(name)) words[name] = value.at(-1);
  }
}

/** The operands of which there can be many, in all commands. */
const operandLists: ReadonlySet<string> = new Set(['paths', 'peers']);
const completionFlag = '--get-yargs-completions';
const noCommand = 'there is no command';
