import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peersOf } from '#src/csync2/cfg/peers.js';
import { configOf } from './support.js';

test('peers are those of own groups, once each, with the name they know us by', () => {
  const config = configOf(`
    group a { host me one Two@zwei ( three ); key csync2.key; }
    group b { host one ( me@alias four three ); key csync2.key; }
    group c { host one five; key csync2.key; }
    group d { host three me; key csync2.key; }
  `);
  const common = { slaveHere: false, auto: 'none', onLeft: false };
  assert.deepEqual(peersOf(config), [
    { ...common, name: 'one', slave: false, groups: ['a', 'b'], myName: 'alias' },
    { ...common, name: 'zwei', slave: false, groups: ['a'], myName: 'me' },
    { ...common, name: 'three', slave: false, groups: ['a', 'b', 'd'], myName: 'me' },
    { ...common, name: 'four', slave: true, slaveHere: true, groups: ['b'], myName: 'alias' },
  ]);
});

test('how conflicts with a peer are resolved, and who only receives', () => {
  const config = configOf(`
    group a { host one (me) two; auto younger; key csync2.key; }
    group b { host me three; auto left; key csync2.key; }
    group c { host three me; auto right; key csync2.key; }
    group d { host two me; auto younger; key csync2.key; }
  `);
  const found = peersOf(config).map(({ name, slaveHere, auto, onLeft }) => [
    name,
    slaveHere,
    auto,
    onLeft,
  ]);
  assert.deepEqual(found, [
    ['one', true, 'younger', true],
    ['two', false, 'younger', false],
    ['three', false, 'none', false],
  ]);
});
