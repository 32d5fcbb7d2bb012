/**
 * All rows of operations on three names, each operation at every moment: between any two events
 * that are read and any two looks. Moments with the same future are gone on from once
 * (native/test/explorer.h).
 *
 * `delays` is how often an order may differ from the usual one, in which what has waited longest is
 * next; -1: any order. LONG=1 takes rows that are longer, or one delay more.
 */
import { test } from 'node:test';
import { TreeProgram } from './tree-program.js';

const program = new TreeProgram('');

/** Operations, delays, of which operations, how fine, from where, what is usually next. */
type Space = readonly [
  number,
  number,
  'names' | 'nested' | 'all',
  'coarse' | 'fine',
  'quiet' | 'walking',
  'events' | 'walkers',
];

const spaces: readonly Space[] = [
  [5, 0, 'names', 'coarse', 'quiet', 'events'],
  [4, 0, 'names', 'coarse', 'walking', 'walkers'],
  [3, 1, 'names', 'coarse', 'quiet', 'walkers'],
  [3, 0, 'names', 'fine', 'quiet', 'events'],
  [3, 1, 'nested', 'coarse', 'quiet', 'events'],
  [2, 1, 'all', 'coarse', 'quiet', 'events'],
  [1, 3, 'all', 'coarse', 'quiet', 'walkers'],
  [2, 8, 'names', 'coarse', 'quiet', 'events'],
  [1, -1, 'names', 'fine', 'walking', 'events'],
];

const longSpaces: readonly Space[] = [
  [6, 0, 'names', 'coarse', 'quiet', 'events'],
  [2, -1, 'names', 'coarse', 'quiet', 'events'],
  [6, 0, 'names', 'coarse', 'quiet', 'walkers'],
  [5, 0, 'nested', 'coarse', 'quiet', 'events'],
  [5, 1, 'names', 'coarse', 'quiet', 'events'],
  [4, 2, 'names', 'coarse', 'quiet', 'events'],
  [4, 0, 'names', 'fine', 'walking', 'events'],
  [3, 0, 'all', 'coarse', 'quiet', 'events'],
];

for (const space of process.env.LONG === '1' ? [...spaces, ...longSpaces] : spaces) {
  const [operations, delays, alphabet, grain, start, first] = space;
  const orders = delays < 0 ? 'every order' : `${delays} delays`;
  test(`up to ${operations} of ${alphabet} operations, ${orders}, ${grain} steps, ${start} start, ${first} first`, (context) => {
    context.diagnostic(program.run('explore', ...space.map(String)));
  });
}
