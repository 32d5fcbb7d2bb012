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
  assert.deepEqual(peersOf(config), [
    { name: 'one', slave: false, groups: ['a', 'b'], myName: 'alias' },
    { name: 'zwei', slave: false, groups: ['a'], myName: 'me' },
    { name: 'three', slave: false, groups: ['a', 'b', 'd'], myName: 'me' },
    { name: 'four', slave: true, groups: ['b'], myName: 'alias' },
  ]);
});
