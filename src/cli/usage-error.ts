import { closest } from '../csync2/cfg/closest.js';
import { exitCodes, InotifyCsyncError } from '../errors.js';
import { allSettingFlags } from './setting-flags.js';

/** The command line can't be understood. */
export class UsageError extends InotifyCsyncError {
  constructor(message: string, hint: string) {
    super('ICS_USAGE', exitCodes.usage, message, hint);
  }
}

/** Makes an error of what yargs says of the words of a command line, with what was probably meant. */
export function usageErrorOf(
  message: string,
  words: readonly string[],
  commands: readonly string[],
): UsageError {
  const [text = ''] = message.split('\n');
  const [, incomplete] = /^Not enough arguments following: (\S+)/.exec(text) ?? [];
  if (incomplete !== undefined) return new UsageError(`--${incomplete} needs a value`, seeHelp);
  const [, wrong] = /^Unknown (?:arguments?|command): ([^,]+)/.exec(text) ?? [];
  if (wrong === undefined) return new UsageError(text, seeHelp);
  if (!words.some((word) => word.startsWith(`--${wrong}`))) {
    const command = closest(wrong, commands);
    return new UsageError(`there is no command ${wrong}`, command ? `did you mean ${command}?` : seeHelp);
  }
  const flag = closest(`--${wrong.replaceAll('_', '-')}`, [
    ...allSettingFlags,
    '--json',
    '--help',
    '--version',
  ]);
  return new UsageError(`there is no --${wrong}`, flag ? `did you mean ${flag}?` : seeHelp);
}

const seeHelp = 'see: inotify-csync --help';
