/**
 * Names that a churn gives to files: few plain ones, so that operations meet, and some that break
 * careless programs.
 */
import type { Random } from '../../csync2/cfg/random.js';

const plain = ['a', 'b', 'c', 'd', 'e', 'f'];

/** One character a byte. */
const hostile: readonly string[] = [
  ' blank ',
  'ends in blank ',
  'new\nline',
  '\n',
  'tab\there',
  'return\r',
  '%41',
  '100%',
  '%',
  `q'"`,
  '`id`$HOME',
  '-dash',
  '--',
  '\xff\xfe',
  '\xc3',
  '\xc3\xa9',
  'back\\slash',
  '\\x41',
  '*',
  '?[a]{b}',
  'a;b|c&d',
  '#hash',
  'co:lon',
  '\x01\x7f',
  '...',
  '..a',
  '~',
  '.hidden',
  '.hidden.config',
  '.#lock',
  'a~',
  '#a#',
  'Updated b from node2.',
  'x'.repeat(200),
  'y'.repeat(249),
  'z'.repeat(255),
  '.w'.padEnd(255, 'w'),
  '\xe2\x82\xac'.repeat(85),
  '%'.repeat(220),
];

/**
 * The names of one stream: three to five plain ones, and in half of all cases up to three others.
 */
export function namesOf(random: Random): readonly string[] {
  const names = plain.slice(0, 3 + random.below(3));
  return random.chance(50) ? [...names, ...random.times(1, 3, () => random.pick(hostile))] : names;
}

/**
 * The name under which a program keeps a file until it takes the place of `name`; at most 255
 * bytes, as all names.
 */
export function temporaryOf(name: string, random: Random): string {
  const short = name.slice(0, 240);
  const letters = random.times(6, 6, () => random.pick([...'abcXYZ019'])).join('');
  return random.pick([
    `.${short}.${letters}`,
    `${short}.tmp`,
    `.${short}.swp`,
    `sed${letters}`,
    `${short}~`,
  ]);
}
