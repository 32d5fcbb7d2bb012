import { type SettingName, settingDefinitions, settingNames } from '../../config/settings.js';
import type { CommandWords, Flag } from '../command-words.js';
import { commandNames } from '../usage-error.js';
import { shells } from './shells.js';

/** One word that can complete the last word, and its meaning. */
export interface Candidate {
  readonly value: string;
  readonly text: string;
}

/** The ways to complete the last word, either fixed words or a kind of thing to look up. */
export interface Wanted {
  /** The typed part of the word, without `--flag=`. */
  readonly typed: string;
  readonly words: readonly Candidate[];
  readonly peers: boolean;
  /** This host, besides its peers. */
  readonly ownHost: boolean;
  /** Paths that csync2 synchronises. */
  readonly paths: boolean;
  /** Any files. The shell completes them best. */
  readonly files: boolean;
}

/** The first word that is a command, except for the last word, which is being completed. */
export function commandOf(words: readonly string[]): string | undefined {
  return words.slice(0, -1).find((word) => commandNames.includes(word));
}

/**
 * Decides how the last of these words, which may be empty, can be completed. Pure.
 *
 * @param words - a command line without the name of the program and without csync2's options
 * @param own - the words after its command; undefined if it has none yet
 * @param commands - all commands
 */
export function wantedOf(
  words: readonly string[],
  own: CommandWords | undefined,
  commands: readonly Candidate[],
): Wanted {
  const typed = words.at(-1) ?? '';
  const command = commandOf(words);
  const before = words.slice(0, -1);
  const flags = [...(own?.flags ?? []), ...flagsOfAll];
  const [, name, value] = /^--([^=]+)=(.*)$/s.exec(typed) ?? [];
  if (name !== undefined) return valuesOf(flagNamed(flags, name), value ?? '');
  const last = flagNamed(flags, before.at(-1)?.replace(/^--/, '') ?? '');
  if (before.at(-1)?.startsWith('--') && last?.takesValue) return valuesOf(last, typed);
  if (typed.startsWith('-')) return offer(typed, { words: flagWords(flags, typed, before) });
  if (command === undefined || !own) return offer(typed, { words: commands });
  return operandsOf(command, own, operandsBefore(before, command, flags), typed);
}

function operandsOf(command: string, own: CommandWords, at: number, typed: string): Wanted {
  if (command === 'completion') {
    return offer(typed, { words: at === 0 ? shells.map((value) => ({ value, text: '' })) : [] });
  }
  if (command === 'help') return offer(typed, { words: at === 0 ? topics(own.text) : [] });
  const operand =
    own.operands[at] ?? (own.operands.at(-1)?.isList ? own.operands.at(-1) : undefined);
  if (!operand) return offer(typed);
  // A host name has no slash.
  if (operand.name === 'peer' && own.operands.length > at + 1) {
    return typed.includes('/')
      ? offer(typed, { paths: true })
      : offer(typed, { peers: true, paths: true });
  }
  return offer(typed, { peers: operand.name === 'peer', paths: /^paths?$/.test(operand.name) });
}

function topics(text: string): Candidate[] {
  return [
    ...commandNames.map((value) => ({ value, text: '' })),
    { value: 'settings', text },
    ...settingNames.map((value) => ({ value, text: settingDefinitions[value].description })),
  ];
}

/** Counts the operands before the word, without the command and the values of flags. */
function operandsBefore(
  before: readonly string[],
  command: string,
  flags: readonly Flag[],
): number {
  const isValue = (at: number) => {
    const [, name] = /^--([^=]+)$/.exec(before[at - 1] ?? '') ?? [];
    return name !== undefined && flagNamed(flags, name)?.takesValue === true;
  };
  const first = before.indexOf(command);
  return before.filter((word, at) => at !== first && !word.startsWith('-') && !isValue(at)).length;
}

/**
 * The flags of the command, and those of the settings once a letter is typed. A flag that is used
 * already is left out.
 */
function flagWords(flags: readonly Flag[], typed: string, before: readonly string[]): Candidate[] {
  const showsAll = /^--./.test(typed);
  return flags
    .filter(({ isHidden }) => showsAll || !isHidden)
    .map(({ name, text }) => ({ value: `--${name}`, text }))
    .filter(({ value }) => !before.some((word) => word === value || word.startsWith(`${value}=`)));
}

function valuesOf(flag: Flag | undefined, typed: string): Wanted {
  if (flag?.name === 'peer') return offer(typed, { peers: true });
  if (flag?.name === 'keep') {
    const newest = { value: 'newest', text: 'the version that was changed last' };
    return offer(typed, { words: [newest], peers: true, ownHost: true });
  }
  if (flag?.name === 'output' || flag?.name === 'config') return offer(typed, { files: true });
  const setting = flag?.name.replaceAll('-', '_');
  if (!isSetting(setting)) return offer(typed);
  const { argument, shape } = settingDefinitions[setting];
  const values =
    shape.kind === 'choice' ? shape.values : shape.kind === 'yesOrNo' ? ['true', 'false'] : [];
  const words = values.map((value) => ({ value, text: '' }));
  return offer(typed, { words, files: argument === 'PATH' || argument === 'PROGRAM' });
}

function isSetting(name: string | undefined): name is SettingName {
  return (settingNames as readonly (string | undefined)[]).includes(name);
}

function flagNamed(flags: readonly Flag[], name: string): Flag | undefined {
  return flags.find((flag) => flag.name === name);
}

function offer(typed: string, what: Partial<Omit<Wanted, 'typed'>> = {}): Wanted {
  return { typed, words: [], peers: false, ownHost: false, paths: false, files: false, ...what };
}

const flagsOfAll: readonly Flag[] = [
  { name: 'json', text: 'print JSON, for scripts', takesValue: false, isHidden: false },
  { name: 'help', text: 'show help', takesValue: false, isHidden: false },
  { name: 'version', text: 'show the version', takesValue: false, isHidden: false },
];
