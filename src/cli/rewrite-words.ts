import { withUsualTime } from './time-span.js';
import { commandNames } from './usage-error.js';

/** Words of a command line that yargs can't read as they are meant, in a form that it can. */
export function rewriteWords(words: readonly string[]): readonly string[] {
  return [flushWait, statusWatch].reduce(withUsualTime, wordsForHelp(words));
}

/** How long `flush` waits if nothing is said. */
export const defaultWait = '30s';

/** `--wait` alone, which a path may follow. */
const flushWait = { command: 'flush', flag: '--wait', usual: defaultWait };
const statusWatch = { command: 'status', flag: '--watch', usual: '1s' };

/** `help COMMAND` as `COMMAND --help`, which yargs answers. */
function wordsForHelp(words: readonly string[]): readonly string[] {
  const [command, topic, ...more] = words;
  if (command !== 'help') return words;
  if (topic === undefined) return ['--help'];
  return commandNames.includes(topic) ? [topic, '--help', ...more] : words;
}
