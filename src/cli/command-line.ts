import type { Argv } from 'yargs';
import { exitCodes } from '../errors.js';
import { packageVersion } from '../proc/package-version.js';
import type { CommandContext } from './context.js';
import { loadCommand, loadCommands } from './load-command.js';
import { rewriteWords } from './rewrite-words.js';
import { splitWords } from './split-words.js';
import { commandNames, usageErrorOf, YargsComplaint } from './usage-error.js';

/** Runs a command line and resolves to the exit code. Throws an InotifyCsyncError. */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  if (words[0] === completionEntry) {
    const { completionLines } = await import('./completion/complete.js');
    process.stdout.write(await completionLines(words.slice(1), process.env));
    return exitCodes.ok;
  }
  const { own, csync2 } = splitWords(words);
  if (words.length === 1 && own[0] === '--version') {
    process.stdout.write(`${packageVersion()}\n`);
    return exitCodes.ok;
  }
  const asked = rewriteWords(own);
  const context: CommandContext = {
    csync2Arguments: csync2,
    environment: process.env,
    exitCode: exitCodes.ok,
  };
  const command = await loadCommand(asked[0] ?? '');
  const parser = (command ? [command] : await loadCommands()).reduce(
    (line, add) => add(line, context),
    await baseParser(),
  );
  if (words.length === 0) {
    process.stdout.write(`${await parser.getHelp()}\n`);
    // A unit that forgets `run` must not look as if it had succeeded.
    return exitCodes.usage;
  }
  try {
    await parser.parseAsync([...asked]);
  } catch (error) {
    if (!(error instanceof YargsComplaint)) throw error;
    throw usageErrorOf(error.message, asked, await flagsOf(asked));
  }
  return context.exitCode;
}

/**
 * The flags of the command that the words name, for suggestions. Without a command, the flags of
 * the settings.
 */
async function flagsOf(words: readonly string[]): Promise<string[]> {
  const { commandWords } = await import('./command-words.js');
  const named = await commandWords(words.find((word) => commandNames.includes(word)) ?? 'run');
  return (named?.flags ?? []).map(({ name }) => `--${name}`);
}

async function baseParser(): Promise<Argv> {
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
      // yargs also calls this for errors that a command throws, and then has no message of its own.
      throw message ? new YargsComplaint(message) : error;
    });
}

/**
 * Keeps the last of several equal flags. (yargs' own setting for it also keeps only the last of
 * several operands.)
 */
function keepLastOfEach(words: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(words)) {
    if (Array.isArray(value) && name !== '_' && !operandLists.has(name)) words[name] = value.at(-1);
  }
}

/** The operands that may be lists, in all commands. */
const operandLists: ReadonlySet<string> = new Set(['paths', 'peers']);
/** The entry that the completion scripts call with the words of a line. */
const completionEntry = '__complete';
const noCommand = 'there is no command';
