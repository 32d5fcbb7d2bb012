import { wordsOfOption } from '../config/csync2-options.js';

/**
 * Splits the words of a command line. Our options have two dashes, csync2's have one, and all words
 * after `--` are csync2's. So `run -N web1 --settle 0.1 -A` and `run --settle 0.1 -- -N web1 -A`
 * mean the same.
 */
export function splitWords(words: readonly string[]): {
  own: readonly string[];
  csync2: readonly string[];
} {
  let own: readonly string[] = [];
  let csync2: readonly string[] = [];
  for (let at = 0; at < words.length; ) {
    const word = letters[words[at] as string] ?? (words[at] as string);
    if (word === '--') {
      csync2 = [...csync2, ...words.slice(at + 1)];
      break;
    }
    const isCsync2 = /^-[^-]/.test(word);
    const count = isCsync2 ? wordsOfOption(words.slice(at)) : 1;
    const taken = [word, ...words.slice(at + 1, at + count)];
    if (isCsync2) csync2 = [...csync2, ...taken];
    else own = [...own, ...taken];
    at += count;
  }
  return { own, csync2 };
}

/** The usual one-letter options. csync2 must not get the first and does not know the second. */
const letters: Readonly<Record<string, string>> = { '-h': '--help', '-V': '--version' };
