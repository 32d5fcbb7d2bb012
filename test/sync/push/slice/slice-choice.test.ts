import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { Ledger } from '#src/csync2/database/ledger.js';
import type { PendingRow } from '#src/csync2/database/pending-table.js';
import type { OnDisk } from '#src/csync2/database/private-database.js';
import type { Diagnosis } from '#src/csync2/refusals/diagnosis.js';
import { RejectedRows } from '#src/sync/push/refused/rejected-rows.js';
import { type ChosenSlice, SliceChoice } from '#src/sync/push/slice/slice-choice.js';
import { isWithin } from '#src/text/path-bytes.js';
import { type Random, seededRandom } from '../../../support/csync2-random.js';

const laterSeconds = 40;
const later: Diagnosis = { outcome: 'refused', meaning: 'later', detail: 'No space', isTie: false };

describe('what a lane sends next', () => {
  test('nothing is pending, so nothing is chosen', (context) => {
    const { next } = setUp(context);
    assert.deepEqual(next(100), { rows: [], resting: [], unreadable: 0, waiting: 0 });
  });

  test('of few files, all', (context) => {
    const { add, names } = setUp(context);
    add('/a', '/b', '/c/d');
    assert.deepEqual(names(100).sort(), ['/a', '/b', '/c/d']);
  });

  test('of many files, the newest, as many as fit', (context) => {
    const { add, names } = setUp(context);
    add(...many('/bulk', 300));
    assert.deepEqual(new Set(names(100)), new Set(many('/bulk', 300).slice(200)));
  });

  test('a new directory comes along with what is in it, and before it', (context) => {
    const { add, names, directory } = setUp(context);
    directory('/new', '/new/deep');
    add('/new', '/new/deep', ...many('/bulk', 200), '/new/deep/file');
    assert.deepEqual(names(100).slice(0, 3), ['/new', '/new/deep', '/new/deep/file']);
  });

  test('fresh files overtake many others, alone and not twice in a row', (context) => {
    const { add, push } = setUp(context);
    add(...many('/bulk', 1000));
    assert.equal(push(100, '/bulk/fresh-1', '/bulk/fresh-2').length, 100);
    assert.deepEqual(push(100, '/bulk/fresh-3').sort(), ['/bulk/fresh-1', '/bulk/fresh-2']);
    const third = push(100, '/bulk/fresh-4');
    assert.equal(third.length, 100);
    assert.ok(third.includes('/bulk/fresh-3'), 'it is the newest all the same');
    assert.deepEqual(push(100), ['/bulk/fresh-4']);
  });

  test('a file that is alone in its directory overtakes a copied tree, however old it is', (context) => {
    const { add, names } = setUp(context);
    add('/etc/one', ...many('/bulk', 1000));
    assert.deepEqual(names(100), ['/etc/one']);
  });

  test('a mass of long names keeps no short name from overtaking them', (context) => {
    const { add, names } = setUp(context);
    add('/etc/one', ...many(`/${'long/'.repeat(250)}`, 200));
    assert.deepEqual(names(100), ['/etc/one']);
  });

  test('a trickle of overtaking files never starves the others', (context) => {
    const { add, push, pending } = setUp(context);
    const bulk = many('/bulk', 400);
    add(...bulk);
    let pushes = 0;
    for (; pending().some((name) => name.startsWith('/bulk/')); pushes++) {
      assert.ok(pushes < 20, `${pending().length} files are pending after ${pushes} pushes`);
      const chosen = push(60, `/bulk-too/fresh-${pushes}`, `/etc-${pushes}/file`);
      const isFresh = pushes === 0 || chosen.includes(`/etc-${pushes - 1}/file`);
      assert.ok(isFresh, 'what has come during a push goes with the next');
    }
  });

  test('where files are asked about one by one, none overtakes', (context) => {
    const { add, names } = setUp(context);
    add('/etc/one', ...many('/bulk', 200));
    assert.deepEqual(names(1), ['/bulk/199']);
  });

  test('a directory that is gone waits for what is gone below it', (context) => {
    const { add, push, gone } = setUp(context);
    const below = many('/d', 5);
    gone('/d', ...below);
    add(...below, '/d');
    const sent: string[] = [];
    for (let left = 6; left > 0; ) {
      const chosen = push(2);
      assert.ok(chosen.length > 0);
      if (chosen.includes('/d')) assert.equal(left, chosen.length, 'it is in the last slice');
      left -= chosen.length;
      sent.push(...chosen);
    }
    assert.deepEqual(sent.sort(), ['/d', ...below]);
  });

  test('a directory that is gone is not sent while a file that rests was below it', (context) => {
    const { add, gone, next, refuse } = setUp(context);
    gone('/d', '/d/0');
    add('/d/0', '/d');
    refuse('/d/0');
    const { rows, resting } = next(100);
    assert.deepEqual([shown(rows), shown(resting)], [[], ['/d/0']]);
  });
});

describe('what a lane does not send', () => {
  test('files below a place that is not there', (context) => {
    const { add, hold, names } = setUp(context);
    add('/away/1', '/away/deep/2', '/here');
    hold('/away');
    assert.deepEqual(names(100), ['/here']);
  });

  test('files that nobody can look at, which are counted', (context) => {
    const { add, next, unreadable } = setUp(context);
    add('/broken/1', '/broken/2', '/here');
    unreadable('/broken/1', '/broken/2');
    const slice = next(100);
    assert.deepEqual([shown(slice.rows), slice.unreadable], [['/here'], 2]);
  });

  test('files that nobody can look at are counted once, also when nothing else is pending', (context) => {
    const { add, next, unreadable } = setUp(context);
    add('/broken/1', '/broken/2');
    unreadable('/broken/1', '/broken/2');
    assert.deepEqual(next(100), { rows: [], resting: [], unreadable: 2, waiting: 0 });
  });

  test('a link before what it leads to, and it is counted', (context) => {
    const { add, hold, next, link, push } = setUp(context);
    link('/current', 'releases/2');
    add(...many('/releases/2', 3), '/current', '/other');
    const slice = next(100);
    assert.deepEqual(
      [shown(slice.rows).sort(), slice.waiting],
      [['/other', '/releases/2/0', '/releases/2/1', '/releases/2/2'], 1],
    );
    hold('/releases/2/2');
    push(100);
    assert.deepEqual(push(100), []);
    hold();
    assert.deepEqual(push(100), ['/releases/2/2']);
    assert.deepEqual(push(100), ['/current']);
  });

  test('a link that waits is counted once, also when nothing else is to be sent', (context) => {
    const { add, hold, link, next } = setUp(context);
    link('/current', 'releases/2');
    add('/releases/2/0', '/current');
    hold('/releases');
    assert.deepEqual(next(100), { rows: [], resting: [], unreadable: 0, waiting: 1 });
  });

  test('a link that waits is counted once, also when it would have overtaken others', (context) => {
    const { add, hold, link, next } = setUp(context);
    link('/current', 'releases/2');
    add('/releases/2/0', ...many('/bulk', 200), '/current');
    hold('/releases');
    assert.equal(next(100).waiting, 1);
  });

  test('a link waits for nothing that the peer rejects, and not for more than a minute', (context) => {
    const { add, hold, link, names, pass, refuse } = setUp(context);
    link('/one', 'rejected');
    link('/two', 'away');
    add('/rejected', '/away/file', '/one', '/two');
    refuse('/rejected');
    hold('/away');
    assert.deepEqual(names(100), ['/one']);
    pass(59);
    assert.ok(!names(100).includes('/two'));
    pass(2);
    assert.ok(names(100).includes('/two'));
  });

  test('a file that was refused rests until it is due, and is told as resting', (context) => {
    const { add, next, pass, refuse } = setUp(context);
    add('/a', '/b');
    refuse('/a');
    const slice = next(100);
    assert.deepEqual([shown(slice.rows), shown(slice.resting)], [['/b'], ['/a']]);
    pass(laterSeconds);
    assert.deepEqual(shown(next(100).rows).sort(), ['/a', '/b']);
  });

  test('a file that was refused is due at once when it has changed', (context) => {
    const { add, change, names, pass, refuse } = setUp(context);
    add('/a');
    refuse('/a');
    pass(1);
    assert.deepEqual(names(100), []);
    change('/a');
    assert.deepEqual(names(100), ['/a']);
  });

  test('a directory that was refused does not come along with a new file in it', (context) => {
    const { add, directory, names, refuse } = setUp(context);
    directory('/d');
    add('/d');
    refuse('/d');
    add('/d/new');
    assert.deepEqual(names(100), ['/d/new']);
  });

  test('a file in a directory that was refused keeps no other from being asked about', (context) => {
    const { add, directory, next, refuse } = setUp(context);
    directory('/d');
    add('/a', '/d', '/z');
    refuse('/d', '/z');
    add('/d/new');
    assert.equal(next(1).rows.length, 1);
  });
});

describe('any pending files', () => {
  test('each goes once, in its order, or has a reason not to', (context) => {
    const random = seededRandom(context);
    for (let round = 0; round < 3; round++) {
      const world = setUp(context);
      const known = randomWorld(random, world);
      for (let push = 0; push < 25; push++) {
        const limit = random.pick([1, 2, 5, 20, 60]);
        known.shake();
        const before = new Map(world.rows().map((row) => [nameOf(row), row]));
        const slice = world.next(limit);
        judge(slice, before, limit, known);
        for (const row of slice.rows) {
          if (random.below(5) === 0) world.refuse(nameOf(row));
          else world.sent(row);
        }
        // In all, less than the minute after which a link waits no longer.
        world.pass(random.below(3));
      }
    }
  });
});

/** What the choice promises of each slice, seen from outside. */
function judge(
  { rows, resting }: ChosenSlice,
  before: ReadonlyMap<string, PendingRow>,
  limit: number,
  { isHeld, isUnreadable, waits, rests, isDirectory }: ReturnType<typeof randomWorld>,
): void {
  const chosen = new Set(rows.map(nameOf));
  assert.equal(chosen.size, rows.length, 'nothing is chosen twice');
  assert.ok(rows.length <= limit, `${rows.length} rows of ${limit}`);
  for (const row of rows) {
    const name = nameOf(row);
    assert.deepEqual(row, before.get(name), `${name} is pending`);
    assert.ok(!isHeld(name), `${name} is held`);
    assert.ok(!isUnreadable(name), `${name} can't be looked at`);
    assert.ok(!waits(name, before), `${name} leads to what is pending`);
    assert.ok(!rests(row), `${name} rests`);
  }
  for (const row of resting) assert.ok(rests(row), `${nameOf(row)} does not rest`);
  if (rows.length > 0) return;
  const names = [...before.keys()];
  const waitsForBelow = (name: string) =>
    !isDirectory(name) && names.some((other) => other.startsWith(`${name}/`));
  // Those that wait for what is below them may be as many as fit into a push.
  if (names.filter(waitsForBelow).length >= limit) return;
  for (const [name, row] of before) {
    const isLeft = isHeld(name) || isUnreadable(name) || waits(name, before) || rests(row);
    assert.ok(isLeft || waitsForBelow(name), `${name} could be sent (${limit} at once)`);
  }
}

/**
 * A tree of some directories in which files come, go and become links, places go away, and disks
 * break.
 */
function randomWorld(random: Random, world: ReturnType<typeof setUp>) {
  const directories = ['/a', '/a/b', '/a/b/c', '/d', '/d/e', '/f'];
  const links = ['/l1', '/a/l2', '/d/e/l3'];
  for (const link of links) world.link(link, `${world.root}${random.pick(directories)}`);
  let held: string[] = [];
  const broken = new Set<string>();
  const removed = new Set<string>();
  const target = new Map(links.map((name) => [name, world.targetOf(name)]));
  return {
    isHeld: (name: string) => held.some((place) => isBelow(name, place)),
    isUnreadable: (name: string) => broken.has(name),
    isDirectory: (name: string) => directories.includes(name) && !removed.has(name),
    rests: (row: PendingRow) => world.rejected.isResting(row, Date.now()),
    waits: (name: string, before: ReadonlyMap<string, PendingRow>) => {
      const place = target.get(name);
      return (
        place !== undefined &&
        [...before].some(
          ([other, row]) =>
            isBelow(other, place) && !target.has(other) && !world.rejected.hasFailed(row),
        )
      );
    },
    shake() {
      held = random.below(3) === 0 ? [random.pick(directories)] : [];
      world.hold(...held);
      for (const name of directories) {
        if (random.below(6) > 0) continue;
        if (removed.delete(name)) world.directory(name);
        else {
          removed.add(name);
          world.gone(name);
        }
        world.add(name);
      }
      for (let count = random.below(random.pick([3, 30, 90])); count > 0; count--) {
        const name = `${random.pick(directories)}/${random.below(120)}`;
        if (random.below(3) === 0) world.gone(name);
        else world.file(name);
        broken.delete(name);
        if (random.below(20) === 0) {
          broken.add(name);
          world.unreadable(name);
        }
        world.add(name);
      }
      if (random.below(4) === 0) world.add(random.pick(links));
    },
  };
}

/**
 * A database with pending files of one peer, and what is on disk of them; links are really there,
 * all else is said.
 */
function setUp(context: TestContext) {
  const root = mkdtempSync(join(tmpdir(), 'choice-test-'));
  context.after(() => rmSync(root, { recursive: true }));
  let now = 1_700_000_000_000;
  const clock = context.mock.method(Date, 'now', () => now);
  context.after(() => clock.mock.restore());
  const file = join(root, 'database');
  const database = new Database(file);
  context.after(() => database.close());
  database.pragma('synchronous = OFF');
  database.pragma('journal_mode = MEMORY');
  database.exec(`CREATE TABLE file (filename, checktxt);
    CREATE TABLE dirty (filename, forced, myname, peername, UNIQUE (filename, peername) ON CONFLICT REPLACE);`);
  const ledger = new Ledger(file, []);
  context.after(() => ledger.close());
  const kinds = new Map<string, OnDisk | 'unreadable'>();
  const targets = new Map<string, string>();
  const versions = new Map<string, number>();
  let held: readonly string[] = [];
  const short = (encoded: Buffer) => encoded.toString().slice(root.length);
  const rejected = new RejectedRows();
  const files = {
    path: (encoded: Buffer) => encoded,
    look: (encoded: Buffer): OnDisk => {
      const kind = kinds.get(short(encoded)) ?? 'other';
      return kind === 'unreadable' ? 'gone' : kind;
    },
    sight: (encoded: Buffer) => {
      const kind = kinds.get(short(encoded));
      return kind === 'unreadable' ? kind : kind === 'gone' ? 'absent' : 'there';
    },
    stamp: ({ encoded }: Pick<PendingRow, 'encoded'>) => `v${versions.get(short(encoded)) ?? 0}`,
  } as const;
  const choice = new SliceChoice({
    ...{ peer: 'web2', ledger, files, rejected },
    isHeld: (path) => held.some((place) => isWithin(path, Buffer.from(root + place))),
  });
  const bytes = (name: string) => Buffer.from(root + name);
  const insert = database.prepare(
    "INSERT INTO dirty (filename, forced, myname, peername) VALUES (CAST(? AS TEXT), 0, 'web1', 'web2')",
  );
  const insertAll = database.transaction((names: readonly string[]) => {
    for (const name of names) insert.run(bytes(name));
  });
  const remove = database.prepare('DELETE FROM dirty WHERE rowid = ?');
  const named = (row: PendingRow): PendingRow => ({
    ...row,
    encoded: Buffer.from(short(row.encoded)),
  });
  const next = (limit: number): ChosenSlice => {
    const slice = choice.next(limit);
    return { ...slice, rows: slice.rows.map(named), resting: slice.resting.map(named) };
  };
  const set = (kind: OnDisk | 'unreadable', names: readonly string[]) => {
    for (const name of names) kinds.set(name, kind);
  };
  const rows = () => ledger.pending.rows('web2', Number.POSITIVE_INFINITY).map(named);
  const real = (row: PendingRow): PendingRow => ({ ...row, encoded: bytes(nameOf(row)) });
  const sent = (row: PendingRow) => {
    remove.run(row.rowid);
    rejected.taken([real(row)]);
  };
  return {
    root,
    next,
    rows,
    sent,
    rejected: {
      isResting: (row: PendingRow, at: number) => rejected.isResting(real(row), at),
      hasFailed: (row: PendingRow) => rejected.hasFailed(real(row)),
    },
    add: (...names: readonly string[]) => insertAll(names),
    names: (limit: number) => shown(next(limit).rows),
    pending: () => shown(rows()),
    /** Sends all that is chosen; meanwhile, others become pending. */
    push(limit: number, ...meanwhile: readonly string[]): string[] {
      const chosen = next(limit).rows;
      insertAll(meanwhile);
      for (const row of chosen) sent(row);
      return shown(chosen);
    },
    directory: (...names: readonly string[]) => set('directory', names),
    file: (...names: readonly string[]) => set('other', names),
    gone: (...names: readonly string[]) => set('gone', names),
    unreadable: (...names: readonly string[]) => set('unreadable', names),
    targetOf: (name: string) => targets.get(name),
    link(name: string, target: string) {
      const place = bytes(name);
      mkdirAbove(place.toString());
      symlinkSync(target, place);
      targets.set(name, target.replace(root, ''));
      set('link', [name]);
    },
    hold: (...places: readonly string[]) => {
      held = places;
    },
    change: (name: string) => versions.set(name, (versions.get(name) ?? 0) + 1),
    pass: (seconds: number) => {
      now += seconds * 1000;
    },
    refuse(...names: readonly string[]) {
      for (const row of rows().filter((each) => names.includes(nameOf(each)))) {
        rejected.refused(real(row), files.stamp(real(row)), later, now);
      }
    },
  };
}

function mkdirAbove(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
}

function nameOf({ encoded }: PendingRow): string {
  return encoded.toString();
}

function shown(rows: readonly PendingRow[]): string[] {
  return rows.map(nameOf);
}

function many(directory: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${directory}/${index}`);
}

function isBelow(name: string, place: string): boolean {
  return name === place || name.startsWith(`${place}/`);
}
