import { timeSpan } from './time-span.js';
import { commandNames } from './usage-error.js';

/** Words of a command line that yargs can't read as they are meant, in a form that it can. */
export function rewriteWords(words: readonly string[]): readonly string[] {
  return wordsForFlush(wordsForHelp(words));
}

/** How long `flush` waits if nothing is said. */
export const defaultWait = '30s';

/** `help COMMAND` as `COMMAND --help`, which yargs answers. */
function wordsForHelp(words: readonly string[]): readonly string[] {
  const [command, topic, ...more] = words;
  if (command !== 'help') return words;
  if (topic === undefined) return ['--help'];
  return commandNames.includes(topic) ? [topic, '--help', ...more] : words;
}

/** `--wait` alone as the usual time, which a path may follow. */
function wordsForFlush(words: readonly string[]): readonly string[] {
  if (words[0] !== 'flush') return words;
  return words.map((word, at) =>
    word === '--wait' && !timeSpan.test(words[at + 1] ?? '') ? `--wait=${defaultWait}` : word,
  );
}
