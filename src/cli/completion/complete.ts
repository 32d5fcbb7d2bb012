import { commandWords } from '../command-words.js';
import { splitWords } from '../split-words.js';
import { commandNames } from '../usage-error.js';
import { knownHosts } from './known-hosts.js';
import { pathsFrom } from './paths-from.js';
import { type Candidate, commandOf, wantedOf } from './wanted.js';

/**
 * Answers a completion script. Prints a line for each word that the last of these words can become,
 * followed by a tab and its meaning if it has one. Prints `:files` alone if files can follow,
 * because the shell completes them best. Leaves out words with control characters, newlines among
 * them. Never fails, because a shell has no use for errors in the middle of a line.
 *
 * @param words - a command line without the name of the program; the last one is completed and may
 *   be empty
 */
export async function completionLines(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  try {
    const lines = await answer(words, environment);
    return lines.map((line) => `${line}\n`).join('');
  } catch {
    return '';
  }
}

async function answer(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  const last = words.at(-1) ?? '';
  // The last word is unfinished, so a stand-in replaces it.
  const { own: ours, csync2: csync2Arguments } = splitWords([...words.slice(0, -1), standIn]);
  // This program can't complete csync2's options and their values.
  if (ours.at(-1) !== standIn) return [];
  const ownWords = [...ours.slice(0, -1), last];
  const command = commandOf(ownWords);
  const own = command === undefined ? undefined : await commandWords(command);
  const commands = command === undefined ? await allCommands() : [];
  const wanted = wantedOf(ownWords, own, commands);
  const hosts =
    wanted.peers || wanted.paths
      ? await knownHosts({ flags: flagsIn(words), csync2Arguments, environment })
      : { host: undefined, peers: [], roots: [] };
  const isPath =
    wanted.paths && !(wanted.peers && wanted.typed !== '' && !wanted.typed.includes('/'));
  const found = isPath ? pathsFrom(hosts.roots, wanted.typed) : { paths: [], isFiles: false };
  const plain = (value: string) => ({ value, text: '' });
  const candidates = [
    ...wanted.words,
    ...(wanted.ownHost && hosts.host !== undefined
      ? [{ value: hosts.host, text: 'this host' }]
      : []),
    ...(wanted.peers ? hosts.peers.map(plain) : []),
    ...found.paths.map(plain),
  ];
  const lines = candidates.filter(({ value }) => value.startsWith(wanted.typed)).map(lineOf);
  const files = wanted.files || found.isFiles ? [':files'] : [];
  return [...lines.filter((line) => line !== undefined), ...files];
}

async function allCommands(): Promise<Candidate[]> {
  const all = await Promise.all(
    commandNames.map(async (value) => ({ value, text: (await commandWords(value))?.text ?? '' })),
  );
  return all;
}

/** The flags on the line that say where the daemon and its configuration are. */
function flagsIn(words: readonly string[]): Record<string, string> {
  const flags: Record<string, string> = {};
  for (const [at, word] of words.entries()) {
    const [, name, value = words[at + 1]] =
      /^--(config|runtime-directory|cfg-path|cfg-file|csync2)(?:=(.*))?$/s.exec(word) ?? [];
    if (name !== undefined && value !== undefined) flags[name] = value;
  }
  return flags;
}

function lineOf({ value, text }: Candidate): string | undefined {
  if (/\p{Cc}|\u{FFFD}/u.test(value)) return undefined;
  return text === '' ? value : `${value}\t${text.replace(/\p{Cc}/gu, ' ')}`;
}

const standIn = 'word';
