import { exitCodes, InotifyCsyncError } from '../errors.js';
import { closest } from '../text/closest.js';
import { allSettingFlags } from './setting-flags.js';

/** The command line can't be understood. */
export class UsageError extends InotifyCsyncError {
  constructor(message: string, hint: string) {
    super('ICS_USAGE', exitCodes.usage, message, hint);
  }
}

/** Makes an error of what yargs says of the words of a command line, with what was probably meant. */
export function usageErrorOf(message: string, words: readonly string[]): UsageError {
  const [text = ''] = message.split('\n');
  const command = words.find((word) => commandNames.includes(word));
  const seeHelp = `see: inotify-csync ${command ? `${command} ` : ''}--help`;
  const [, incomplete] = /^Not enough arguments following: (\S+)/.exec(text) ?? [];
  if (incomplete !== undefined) return new UsageError(`--${incomplete} needs a value`, seeHelp);
  if (/^Not enough non-option arguments/.test(text)) {
    return new UsageError(`${command ?? 'inotify-csync'} needs a path`, seeHelp);
  }
  const [, wrong] = /^Unknown (?:arguments?|command): ([^,]+)/.exec(text) ?? [];
  if (wrong === undefined) return new UsageError(text, seeHelp);
  if (words.some((word) => word.startsWith(`--${wrong}`))) return unknownFlag(wrong, command, seeHelp);
  if (command !== undefined) return new UsageError(`${command} takes no ${wrong}`, seeHelp);
  return unknownCommand(wrong);
}

/** There is no such command; says which one was probably meant. */
export function unknownCommand(name: string): UsageError {
  const meant = closest(name, commandNames);
  return new UsageError(
    `there is no command ${name}`,
    meant ? `did you mean ${meant}?` : 'see: inotify-csync --help',
  );
}

/** All commands. */
export const commandNames: readonly string[] = [
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
  'version',
  'help',
  'completion',
];

function unknownFlag(name: string, command: string | undefined, seeHelp: string): UsageError {
  const flag = `--${name.replaceAll('_', '-')}`;
  const own = command === undefined ? [] : (ownFlags[command] ?? []);
  const settings = command !== undefined && withoutSettings.has(command) ? [] : allSettingFlags;
  const meant = closest(flag, [...own, ...settings, '--json', '--help', '--version']);
  const whose = command === undefined || meant !== undefined ? 'there is no' : `${command} takes no`;
  return new UsageError(`${whose} --${name}`, meant ? `did you mean ${meant}?` : seeHelp);
}

const ownFlags: Readonly<Record<string, readonly string[]>> = {
  status: ['--watch'],
  events: ['--follow', '--since', '--peer'],
  flush: ['--wait', '--peer'],
  resolve: ['--keep', '--dry-run'],
  'watch-limit': ['--apply'],
  doctor: ['--output'],
  metrics: ['--output'],
};
const withoutSettings: ReadonlySet<string> = new Set(['version', 'help', 'completion']);
