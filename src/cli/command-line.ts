import type { Argv } from 'yargs';
import { exitCodes } from '../errors.js';
import { packageVersion } from '../proc/package-version.js';
import type { CommandContext } from './context.js';
import { loadCommand, loadCommands } from './load-command.js';
import { rewriteWords } from './rewrite-words.js';
import { splitWords } from './split-words.js';
import { usageErrorOf } from './usage-error.js';

/** Runs what the words of a command line say and resolves to the exit code. Throws an InotifyCsyncError. */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  const { own, csync2 } = splitWords(words);
  if (words.length === 1 && own[0] === '--version') {
    process.stdout.write(`${packageVersion()}\n`);
    return exitCodes.ok;
  }
  const asked = rewriteWords(own);
  const context: CommandContext = {
    csync2Arguments: csync2,
    environment: process.env,
    completes: own.includes(completionFlag),
    exitCode: exitCodes.ok,
  };
  const command = await loadCommand(asked[0] ?? '');
  const parser = (command ? [command] : await loadCommands())
    .reduce((line, add) => add(line, context), await baseParser(asked))
    .completion('completion', 'print a completion script for bash or zsh');
  if (words.length === 0) {
    process.stdout.write(`${await parser.getHelp()}\n`);
    // A unit that forgets `run` must not look like one that has done its work.
    return exitCodes.usage;
  }
  await parser.parseAsync([...asked]);
  return context.exitCode;
}

async function baseParser(words: readonly string[]): Promise<Argv> {
  const { default: yargs } = await import('yargs');
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
    if (Array.isArray(value) && name !== '_' && name !== operandList) words[name] = value.at(-1);
  }
}

/** The operand of which there can be many, in all commands. */
const operandList = 'paths';
const completionFlag = '--get-yargs-completions';
const noCommand = 'there is no command';
