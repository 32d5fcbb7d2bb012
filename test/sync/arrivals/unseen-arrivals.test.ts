import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Returns } from '#src/sync/arrivals/returns.js';
import { UnseenArrivals } from '#src/sync/arrivals/unseen-arrivals.js';
import { MountMemory } from '#src/sync/guard/mount-memory.js';
import { isWithin } from '#src/text/path-bytes.js';

describe('what peers send to where it cannot be seen', () => {
  test('is remembered while a place is away, and so is what came since it was last seen', (context) => {
    const { arrivals, away, memory, file, within } = setUp(context);
    arrivals.received('/srv/up/early', 1000);
    arrivals.received('/srv/up/late', 2000);
    arrivals.received('/srv/other', 2000);
    arrivals.received('%p%/deep', 2000);
    arrivals.gone(Buffer.from('/srv/up'), 1500);
    away.add('/srv/up');
    arrivals.received('/srv/up/away\xff', 3000);
    arrivals.received('/srv/upper', 3000);
    arrivals.received('%unknown%/x', 3000);
    assert.deepEqual(within('/srv/up'), [], 'as long as it is away');
    away.clear();
    assert.deepEqual(within('/srv/up'), ['/srv/up/away\xff', '/srv/up/late', '/srv/up/p/deep']);
    assert.deepEqual(within('/srv'), within('/srv/up'));
    away.add('/srv/up/p');
    assert.deepEqual(within('/srv'), ['/srv/up/away\xff', '/srv/up/late'], 'a place in it is away');
    away.clear();
    assert.deepEqual(within('/srv/other'), []);
    memory.save();
    const next = new UnseenArrivals({
      memory: MountMemory.open(file),
      prefixes,
      isAway: () => false,
    });
    assert.equal(next.within(Buffer.from('/srv/up')).length, 3);
    arrivals.forget(arrivals.within(Buffer.from('/srv/up/p')));
    assert.deepEqual(within('/srv/up'), ['/srv/up/away\xff', '/srv/up/late']);
    arrivals.forget(arrivals.within(Buffer.from('/srv/up')));
    assert.deepEqual(memory.received, []);
  });
});

describe('a place that returns', () => {
  test('at once, if nothing has come', (context) => {
    const { returns, looks } = returning(context, []);
    assert.ok(returns.may(Buffer.from('/srv/up')));
    assert.deepEqual(looks, ['log']);
  });

  test('when csync2 has taken what has come as it is; what the place lacks is told', async (context) => {
    const { returns, looks, taken, told } = returning(context, ['/srv/up/lacking', '/srv/up/same']);
    assert.ok(!returns.may(Buffer.from('/srv/up')));
    assert.ok(!returns.may(Buffer.from('/srv/up')), 'once is enough');
    await sleep(5);
    assert.deepEqual(taken, [['/srv/up/lacking', '/srv/up/same']]);
    assert.deepEqual(told, ['/srv/up: /srv/up/lacking']);
    assert.deepEqual(looks, ['log', 'log', 'places']);
    assert.ok(returns.may(Buffer.from('/srv/up')));
  });

  test('each file is told of once, with the innermost place that it belongs to', async (context) => {
    const { returns, taken, told } = returning(context, ['/srv/up/p/inner', '/srv/up/outer']);
    for (const place of ['/srv/up', '/srv/up/p', '/srv'])
      assert.ok(!returns.may(Buffer.from(place)));
    await sleep(5);
    assert.deepEqual(taken, [['/srv/up/p/inner'], ['/srv/up/outer']]);
    assert.deepEqual(told, ['/srv/up/p: /srv/up/p/inner', '/srv/up: /srv/up/outer']);
    for (const place of ['/srv/up', '/srv/up/p', '/srv'])
      assert.ok(returns.may(Buffer.from(place)));
  });

  test('with the marks off that a session has made because it could not see a file, unless it has changed', async (context) => {
    const { returns, arrivals, away, taken, told, unmarked } = returning(context, []);
    const place = Buffer.from('/srv/up');
    arrivals.marked('/srv/up/early', 5900);
    arrivals.marked('/srv/up/racing', 6100);
    arrivals.gone(place, 6000);
    away.add('/srv/up');
    arrivals.marked('/srv/up/marked', 7000);
    arrivals.marked('/srv/up/received', 7000);
    arrivals.received('/srv/up/received', 7100);
    arrivals.marked('/srv/elsewhere', 7000);
    away.clear();
    assert.ok(!returns.may(place));
    await sleep(5);
    assert.deepEqual(unmarked, ['/srv/up/racing', '/srv/up/marked']);
    assert.deepEqual(taken, [['/srv/up/received', '/srv/up/racing', '/srv/up/marked']]);
    assert.deepEqual(told, ['/srv/up: /srv/up/received']);
    assert.ok(returns.may(place));
    arrivals.back(place);
  });

  test('marks stay if nobody knows when the file was last in sight, or it has changed since', async (context) => {
    const { returns, arrivals, away, taken, unmarked } = returning(context, []);
    const place = Buffer.from('/srv/up');
    away.add('/srv/up');
    arrivals.gone(place, undefined);
    arrivals.marked('/srv/up/marked', 8000);
    away.clear();
    assert.ok(returns.may(place));
    arrivals.back(place);
    away.add('/srv/up');
    arrivals.gone(place, 4000);
    arrivals.marked('/srv/up/changed', 9000);
    away.clear();
    assert.ok(!returns.may(place));
    await sleep(5);
    assert.deepEqual([unmarked, taken], [[], [[]]]);
    assert.ok(returns.may(place));
  });

  test('not as long as csync2 could not: it is tried again at the next look', async (context) => {
    const { returns, taken, refuse } = returning(context, ['/srv/up/file']);
    refuse(true);
    assert.ok(!returns.may(Buffer.from('/srv/up')));
    await sleep(5);
    assert.ok(!returns.may(Buffer.from('/srv/up')));
    await sleep(5);
    assert.equal(taken.length, 2);
    refuse(false);
    assert.ok(!returns.may(Buffer.from('/srv/up')));
    await sleep(5);
    assert.ok(returns.may(Buffer.from('/srv/up')));
  });
});

const prefixes = [{ name: Buffer.from('p'), path: Buffer.from('/srv/up/p') }];

function setUp(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'unseen-test-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'queue.log.mounts');
  const memory = MountMemory.open(file);
  const away = new Set<string>();
  const isAway = (path: Buffer) => [...away].some((place) => isWithin(path, Buffer.from(place)));
  const arrivals = new UnseenArrivals({ memory, prefixes, isAway });
  const within = (place: string) =>
    arrivals
      .within(Buffer.from(place))
      .map(({ path }) => path.toString('latin1'))
      .sort();
  return { arrivals, away, memory, file, within };
}

function returning(context: TestContext, names: readonly string[]) {
  const { arrivals, away, memory } = setUp(context);
  for (const name of names) memory.noteReceived(name);
  const looks: string[] = [];
  const taken: string[][] = [];
  const told: string[] = [];
  const unmarked: string[] = [];
  let isRefused = false;
  const returns = new Returns({
    arrivals,
    lookForArrivals: () => void looks.push('log'),
    isAsNoted: (path) => String(path).endsWith('same'),
    isUnchangedSince: (_, time) => time > 5000,
    unmark: async (files) => void unmarked.push(...files.map(String)),
    takeAsTheyAre: async (files) => {
      taken.push(files.map(String));
      return !isRefused;
    },
    lookAgain: () => void looks.push('places'),
    onUnseen: (place, files) => void told.push(`${place}: ${files}`),
    onError: (error) => assert.fail(String(error)),
  });
  return {
    returns,
    arrivals,
    away,
    looks,
    taken,
    told,
    unmarked,
    refuse: (value: boolean) => (isRefused = value),
  };
}
