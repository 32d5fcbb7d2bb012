import { exitCodes, InotifyCsyncError } from '../errors.js';
import { closest } from '../text/closest.js';

/** The command line can't be understood. */
export class UsageError extends InotifyCsyncError {
  constructor(message: string, hint: string) {
    super('ICS_USAGE', exitCodes.usage, message, hint);
  }
}

/** yargs does not understand the words of a command line. */
export class YargsComplaint extends Error {}

/**
 * Makes an error of yargs' complaint about a command line, with a suggestion.
 *
 * @param flags - the flags of its command, with their dashes
 */
export function usageErrorOf(
  message: string,
  words: readonly string[],
  flags: readonly string[],
): UsageError {
  const [text = ''] = message.split('\n');
  const command = words.find((word) => commandNames.includes(word));
  const seeHelp = `see: inotify-csync ${command ? `${command} ` : ''}--help`;
  const [, incomplete] = /^Not enough arguments following: (\S+)/.exec(text) ?? [];
  if (incomplete !== undefined) return new UsageError(`--${incomplete} needs a value`, seeHelp);
  if (/^Not enough non-option arguments/.test(text)) {
    // An unknown flag may have taken the operand as its value.
    const stray = words.find((word) => word.startsWith('--') && !isFlag(word, flags));
    if (stray !== undefined)
      return unknownFlag(stray.slice(2).replace(/=.*/s, ''), command, flags, seeHelp);
    return new UsageError(`${command ?? 'inotify-csync'} needs a path`, seeHelp);
  }
  const [, wrong] = /^Unknown (?:arguments?|command): ([^,]+)/.exec(text) ?? [];
  if (wrong === undefined) return new UsageError(text, seeHelp);
  if (words.some((word) => word.startsWith(`--${wrong}`)))
    return unknownFlag(wrong, command, flags, seeHelp);
  if (command !== undefined) return new UsageError(`${command} takes no ${wrong}`, seeHelp);
  return unknownCommand(wrong);
}

/** The error for an unknown command, with a suggestion. */
export function unknownCommand(name: string): UsageError {
  const meant = closest(name, commandNames);
  return new UsageError(
    `there is no command ${name}`,
    meant ? `did you mean ${meant}?` : 'see: inotify-csync --help',
  );
}

const names = [
  'run',
  'status',
  'events',
  'check',
  'flush',
  'verify',
  'retry',
  'pause',
  'resume',
  'conflicts',
  'resolve',
  'accept-root',
  'reload',
  'explain',
  'check-config',
  'watch-limit',
  'metrics',
  'doctor',
  'completion',
  'version',
  'help',
] as const;

/** The name of a command. */
export type CommandName = (typeof names)[number];

/** All commands. */
export const commandNames: readonly string[] = names;

function unknownFlag(
  name: string,
  command: string | undefined,
  flags: readonly string[],
  seeHelp: string,
): UsageError {
  const flag = `--${name.replaceAll('_', '-')}`;
  const meant = closest(flag, [...flags, ...flagsOfAll]);
  const whose =
    command === undefined || meant !== undefined ? 'there is no' : `${command} takes no`;
  return new UsageError(`${whose} --${name}`, meant ? `did you mean ${meant}?` : seeHelp);
}

function isFlag(word: string, flags: readonly string[]): boolean {
  const flag = word.replace(/=.*/s, '').replace(/^--no-/, '--');
  return flags.includes(flag) || flagsOfAll.includes(flag);
}

const flagsOfAll = ['--json', '--help', '--version'];
