import { withUsualTime } from './time-span.js';
import { commandNames } from './usage-error.js';

/** Rewrites words of a command line that yargs would misread. */
export function rewriteWords(words: readonly string[]): readonly string[] {
  return [flushWait, statusWatch].reduce(withUsualTime, wordsForHelp(words));
}

/** How long `flush` waits unless a time is given. */
export const defaultWait = '30s';

/** `--wait` without a value. A path may follow it. */
const flushWait = { command: 'flush', flag: '--wait', usual: defaultWait };
const statusWatch = { command: 'status', flag: '--watch', usual: '1s' };

/** Turns `help COMMAND` into `COMMAND --help`, which yargs answers. */
function wordsForHelp(words: readonly string[]): readonly string[] {
  const [command, topic, ...more] = words;
  if (command !== 'help') return words;
  if (topic === undefined) return ['--help'];
  return commandNames.includes(topic) ? [topic, '--help', ...more] : words;
}
