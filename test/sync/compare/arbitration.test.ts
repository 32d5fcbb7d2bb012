import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AutoMethod, autoMethods } from '#src/csync2/cfg/model.js';
import { isTie, type Sides, winnerOf } from '#src/sync/compare/arbitration.js';
import { Random, seed } from '../../csync2/cfg/random.js';

const sides = (method: AutoMethod, more: Partial<Sides> = {}): Sides => ({
  method,
  isSlaveHere: false,
  isSlaveThere: false,
  isLeftThere: false,
  ...more,
});
const file = (seconds: number, size: number, mode = 33188) =>
  `v1%3Amtime=${seconds}%3Amode=${mode}%3Auid=0%3Agid=0%3Atype=reg%3Asize=${size}`;
const directory = (mode = 16877) => `v1%3Amode=${mode}%3Auid=0%3Agid=0%3Atype=dir`;
const link = (target: string) => `v1%3Amode=41471%3Auid=0%3Agid=0%3Atype=lnk%3Atarget=${target}`;

describe('who wins', () => {
  test('the file that `auto` names', () => {
    const [old, young] = [file(1000, 9), file(1001, 5)];
    assert.equal(winnerOf(young, old, sides('younger')), 'here');
    assert.equal(winnerOf(young, old, sides('older')), 'there');
    assert.equal(winnerOf(young, old, sides('bigger')), 'there');
    assert.equal(winnerOf(young, old, sides('smaller')), 'here');
    assert.equal(winnerOf(young, old, sides('left')), 'here');
    assert.equal(winnerOf(young, old, sides('left', { isLeftThere: true })), 'there');
    assert.equal(winnerOf(young, old, sides('right')), 'there');
  });

  test('nobody, if nobody is to be decided for, or both have the same', () => {
    assert.equal(winnerOf(file(1, 1), file(2, 1), sides('none')), 'nobody');
    assert.equal(winnerOf(file(1, 1), file(1, 1), sides('younger')), 'nobody');
    assert.equal(winnerOf(undefined, undefined, sides('younger')), 'nobody');
  });

  test('whoever has something', () => {
    assert.equal(winnerOf(file(1, 1), undefined, sides('younger')), 'here');
    assert.equal(winnerOf(undefined, link('a'), sides('older')), 'there');
  });

  test('a directory, whatever its peer has', () => {
    assert.equal(winnerOf(directory(), file(9999, 1), sides('younger')), 'here');
    assert.equal(winnerOf(link('a'), directory(), sides('left')), 'there');
  });

  test('`auto` finds the same what csync2 has noted no time of, or the same', () => {
    assert.ok(isTie(link('a'), link('b'), sides('younger')));
    assert.ok(isTie(directory(), directory(16832), sides('younger')));
    assert.ok(isTie(file(1, 1), file(1, 2), sides('younger')));
    assert.ok(!isTie(file(1, 1), file(2, 1), sides('younger')));
    assert.ok(!isTie(link('a'), directory(), sides('younger')));
    assert.ok(!isTie(link('a'), link('b'), sides('none')));
    assert.ok(!isTie(link('a'), link('b'), sides('younger', { isSlaveHere: true })));
    assert.ok(!isTie(undefined, link('b'), sides('younger')));
  });

  test('never a slave', () => {
    assert.equal(
      winnerOf(file(2, 1), file(1, 1), sides('younger', { isSlaveHere: true })),
      'there',
    );
    assert.equal(winnerOf(undefined, file(1, 1), sides('younger', { isSlaveThere: true })), 'here');
  });

  test(`both hosts come to the same, and three to one (seed ${seed})`, () => {
    const random = new Random(seed);
    const drawn = () =>
      random.pick([
        undefined,
        directory(),
        directory(16832),
        link('a'),
        link('b'),
        ...[1, 2].flatMap((seconds) => [1, 2].map((size) => file(seconds, size))),
        file(1, 1, 33261),
      ]);
    for (let round = 0; round < 5000; round++) {
      const method = random.pick(autoMethods.filter((each) => each !== 'none'));
      // In the order of csync2.cfg.
      const hosts = [drawn(), drawn(), drawn()];
      const decide = (here: number, there: number) =>
        winnerOf(hosts[here], hosts[there], sides(method, { isLeftThere: there < here }));
      for (const [one, other] of [
        [0, 1],
        [1, 2],
        [0, 2],
      ] as const) {
        const winners = { here: 'there', there: 'here', nobody: 'nobody' };
        assert.equal(decide(one, other), winners[decide(other, one)]);
      }
      // Each pair in turn, in any order, again and again.
      for (let turn = 0; turn < 60 && new Set(hosts).size > 1; turn++) {
        const [here, there] = [random.below(3), random.below(3)];
        if (decide(here, there) === 'here') hosts[there] = hosts[here];
      }
      assert.equal(new Set(hosts).size, 1, `${method}: ${hosts}`);
    }
  });
});
