import assert from 'node:assert/strict';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { QueueEntry } from '#src/queue/entry.js';
import type { Arrival } from '#src/sync/arrivals/arrival.js';
import { type CheckPlan, CheckPlanner } from '#src/sync/check/check-planner.js';
import { makeBatch } from '#src/sync/common/batch.js';
import type { ChangedEntry, SurveyOptions } from '#src/sync/common/survey.js';
import { stampOf } from '#src/sync/memory/file-stamp.js';
import type { Circumstances, Verdict } from '#src/sync/memory/overlooked-changes.js';
import { isWithin } from '#src/text/path-bytes.js';
import { type Random, seededRandom } from '../../support/csync2-random.js';

/** Milliseconds since 1970. */
const seenAt = 7000;
/** No file can have it. */
const tooLong = `/${'n'.repeat(256)}`;

describe('how csync2 is to check a path', () => {
  test('a verdict decides of a file: checked, marked, both, or neither', async (context) => {
    const { plan, verdict, write } = setUp(context);
    const names = ['/check', '/overlooked', '/both', '/nothing'] as const;
    write(...names);
    for (const name of names) verdict(name, name.slice(1) as Verdict);
    assert.deepEqual(await plan({ files: names }), {
      files: ['/both', '/check'],
      overlooked: ['/both', '/overlooked'],
      skipped: 1,
    });
  });

  test('what is gone is checked if csync2 knew it, and else needs no check', async (context) => {
    const { know, plan } = setUp(context);
    know('/known');
    assert.deepEqual(await plan({ files: ['/known', '/unknown'] }), {
      files: ['/known'],
      skipped: 1,
    });
  });

  test('what is gone and had something below it is checked with all below, known itself or not', async (context) => {
    const { know, plan } = setUp(context);
    know('/d', '/d/1', '/e/1', '/e/2');
    assert.deepEqual(await plan({ files: ['/d', '/e'] }), { trees: ['/d', '/e'] });
  });

  test('a file in the place of a directory is checked with all that was below it', async (context) => {
    const { know, plan, write } = setUp(context);
    know('/d', '/d/1');
    write('/d');
    assert.deepEqual(await plan({ files: ['/d'] }), { trees: ['/d'] });
  });

  test('a directory is checked alone, unless all below it is asked for', async (context) => {
    const { directory, know, plan } = setUp(context);
    directory('/d', '/e');
    know('/d', '/d/1');
    assert.deepEqual(await plan({ files: ['/d'], trees: ['/e'] }), {
      files: ['/d'],
      trees: ['/e'],
    });
  });

  test('a tree that is gone is checked if csync2 knew any of it', async (context) => {
    const { know, plan } = setUp(context);
    know('/d/1');
    assert.deepEqual(await plan({ trees: ['/d', '/e'] }), { trees: ['/d'], skipped: 1 });
  });

  test('where nobody knows what csync2 knows, all that is gone may have been a directory', async (context) => {
    const { plan } = setUp(context, { hasLedger: false });
    assert.deepEqual(await plan({ files: ['/a'], trees: ['/b'] }), { trees: ['/a', '/b'] });
  });

  test('a socket is told, and not given to csync2', async (context) => {
    const { plan, root } = setUp(context);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(root, 'socket'), resolve));
    context.after(() => server.close());
    assert.deepEqual(await plan({ files: ['/socket'] }), { sockets: ['/socket'] });
  });

  test('what cannot be looked at is not given to csync2, which would take it for deleted', async (context) => {
    const { know, plan } = setUp(context);
    know(tooLong);
    const unreadable = [`${tooLong} ENAMETOOLONG`];
    assert.deepEqual(await plan({ files: [tooLong] }), { unreadable });
    assert.deepEqual(await plan({ trees: [tooLong] }), { unreadable });
  });

  test('a name that no file can have, and csync2 never knew, needs no check', async (context) => {
    const { plan } = setUp(context);
    assert.deepEqual(await plan({ files: [tooLong], trees: [`/d${tooLong}`] }), { skipped: 2 });
  });

  test('directories that csync2 does not know go along with what is in them, each once', async (context) => {
    const { know, plan, write } = setUp(context);
    write('/known/new/deep/1', '/known/new/deep/2', '/known/new/3');
    know('/known');
    assert.deepEqual(
      await plan({ files: ['/known/new/deep/1', '/known/new/deep/2', '/known/new/3'] }),
      {
        files: [
          '/known/new',
          '/known/new/3',
          '/known/new/deep',
          '/known/new/deep/1',
          '/known/new/deep/2',
        ],
      },
    );
  });

  test('a new directory that was told of itself is checked once', async (context) => {
    const { plan, write } = setUp(context);
    write('/new/1', '/new/2');
    const files = ['/new', '/new/1', '/new/2'];
    assert.deepEqual(await plan({ files }), { files });
    assert.deepEqual(await plan({ files: files.reverse() }), { files: files.sort() });
  });

  test('no directory goes along with what is gone, or needs no check', async (context) => {
    const { know, plan, verdict, write } = setUp(context);
    write('/new/1');
    verdict('/new/1', 'nothing');
    know('/gone/1');
    assert.deepEqual(await plan({ files: ['/new/1', '/gone/1'] }), {
      files: ['/gone/1'],
      skipped: 1,
    });
  });
});

describe('what a session is working on', () => {
  test('is postponed while it is arriving, and told apart where its sender may have died', async (context) => {
    const { arrival, plan, write } = setUp(context);
    write('/arriving', '/half', '/received', '/local');
    arrival('/arriving', 'arriving');
    arrival('/half', 'half-received');
    arrival('/received', 'received');
    const files = ['/arriving', '/half', '/received', '/local'];
    assert.deepEqual(await plan({ files }), {
      files: ['/local', '/received'],
      postponed: ['/arriving', '/half'],
      halfReceived: ['/half'],
    });
    assert.deepEqual(
      await plan({ files, waits: false }),
      { files: files.sort() },
      'it has waited too long',
    );
  });

  test('a tree is postponed in which something may be arriving, with all below', async (context) => {
    const { arrival, plan, write } = setUp(context);
    write('/d/arriving');
    arrival('/d/arriving', 'arriving');
    assert.deepEqual(await plan({ trees: ['/d'] }), { postponed: ['/d and below'] });
    assert.deepEqual(await plan({ trees: ['/d'], waits: false }), { trees: ['/d'] });
  });

  test('what a session has left empty for a moment does not count as removed', async (context) => {
    const { empty, know, plan } = setUp(context);
    know('/f', '/d', '/d/1');
    empty('/f', '/d');
    assert.deepEqual(await plan({ files: ['/f'], trees: ['/d'] }), {
      postponed: ['/d and below', '/f'],
    });
    assert.deepEqual(await plan({ files: ['/f'], trees: ['/d'], waits: false }), {
      files: ['/f'],
      trees: ['/d'],
    });
  });

  test('a path that is postponed keeps it that nothing speaks against its content', async (context) => {
    const { arrival, planned, write } = setUp(context);
    write('/told', '/touched');
    for (const name of ['/told', '/touched']) arrival(name, 'arriving');
    const { postponed } = await planned({ files: ['/told'], touched: ['/touched'] });
    assert.deepEqual(postponed.map(({ isTrusted }) => isTrusted).sort(), [false, true]);
  });

  test('whether it was received, and all receptions are known, is told to the judge', async (context) => {
    const { arrival, judged, plan, write } = setUp(context);
    write('/received', '/local');
    arrival('/received', 'received');
    await plan({ files: ['/received'], touched: ['/local'] });
    const facts = judged().map(({ isReceived, isSweep, isTrusted, tellsAll }) => {
      return { isReceived, isSweep, isTrusted, tellsAll };
    });
    assert.deepEqual(facts, [
      { isReceived: true, isSweep: false, isTrusted: false, tellsAll: true },
      { isReceived: false, isSweep: false, isTrusted: true, tellsAll: true },
    ]);
  });
});

describe('what csync2 would overlook in a tree', () => {
  test('is marked: of a tree that may be another one, wherever it lies in it', async (context) => {
    const { plan, surveyed, verdict, write } = setUp(context);
    write('/d/old', '/d/e/overlooked', '/d/both', '/d/check');
    verdict('/d/old', 'nothing');
    verdict('/d/e/overlooked', 'overlooked');
    verdict('/d/both', 'both');
    assert.deepEqual(await plan({ trees: ['/d'] }), {
      trees: ['/d'],
      overlooked: ['/d/both', '/d/e/overlooked'],
    });
    assert.deepEqual(surveyed(), [{ paths: ['/d'], recursive: true, since: 0 }]);
  });

  test('of a tree that is only looked at once more, as far as it may have changed unseen', async (context) => {
    const { plan, seen, surveyed, verdict, write } = setUp(context, { unseenSince: 5000.7 });
    write('/d/seen', '/d/unseen');
    verdict('/d/seen', 'overlooked');
    verdict('/d/unseen', 'overlooked');
    seen('/d/seen');
    assert.deepEqual(await plan({ rechecked: ['/d'] }), {
      trees: ['/d'],
      overlooked: ['/d/unseen'],
    });
    assert.deepEqual(surveyed(), [{ paths: ['/d'], recursive: true, since: 5000 }]);
  });

  test('a path that was told of in a tree needs no check of its own', async (context) => {
    const { plan, write } = setUp(context);
    write('/d/1');
    assert.deepEqual(await plan({ trees: ['/d'], files: ['/d/1', '/d/gone'] }), { trees: ['/d'] });
  });

  test('a path that was told of in a tree, and is met there, is marked once', async (context) => {
    const { plan, verdict, write } = setUp(context);
    write('/d/1');
    verdict('/d/1', 'overlooked');
    assert.deepEqual(await plan({ trees: ['/d'], files: ['/d/1'] }), {
      trees: ['/d'],
      overlooked: ['/d/1'],
    });
  });

  test('a survey that is aborted ends the plan', async (context) => {
    const { planned, write } = setUp(context);
    write('/d/1');
    await assert.rejects(planned({ trees: ['/d'], signal: AbortSignal.abort() }), {
      name: 'AbortError',
    });
  });
});

describe('a part of a full check', () => {
  test('what csync2 overlooks is marked, and nothing else is planned', async (context) => {
    const { judged, sweep, surveyed, verdict, write } = setUp(context);
    write('/d/check', '/d/overlooked', '/d/nothing', '/d/both');
    for (const name of ['overlooked', 'nothing', 'both'] as const) verdict(`/d/${name}`, name);
    assert.deepEqual(await sweep(['/d'], { recursive: true, unseenSince: 1234 }), {
      overlooked: ['/d/both', '/d/overlooked'],
    });
    assert.deepEqual(surveyed(), [{ paths: ['/d'], recursive: true, since: 1234 }]);
    assert.ok(judged().every((facts) => facts.isSweep && !facts.tellsAll && !facts.isTrusted));
    assert.equal(judged().length, 4);
  });

  test('what was seen to when it changed is not judged again', async (context) => {
    const { judged, seen, sweep, write } = setUp(context);
    write('/seen', '/unseen');
    seen('/seen');
    assert.deepEqual(await sweep(['/seen', '/unseen'], { recursive: false, unseenSince: 1 }), {});
    assert.equal(judged().length, 1);
  });

  test('what is arriving is not marked', async (context) => {
    const { arrival, sweep, verdict, write } = setUp(context);
    write('/arriving');
    arrival('/arriving', 'arriving');
    verdict('/arriving', 'overlooked');
    assert.deepEqual(await sweep(['/arriving'], { recursive: false, unseenSince: 1 }), {
      postponed: ['/arriving'],
    });
  });
});

describe('a file with several names', () => {
  test('is told under the name that was changed, and seen under each', async (context) => {
    const { hardLink, linksSeen, plan, write } = setUp(context);
    write('/a', '/alone');
    hardLink('/a', '/d/b');
    assert.deepEqual(await plan({ files: ['/a', '/alone'], trees: ['/d'] }), {
      files: ['/a', '/alone'],
      trees: ['/d'],
      linked: ['/a'],
    });
    assert.deepEqual(linksSeen(), ['/a', '/d/b']);
  });

  test('is not told if it needs no check, or is arriving', async (context) => {
    const { arrival, hardLink, planned, verdict, write } = setUp(context);
    write('/a', '/b');
    hardLink('/a', '/a2');
    hardLink('/b', '/b2');
    verdict('/a', 'nothing');
    arrival('/b', 'arriving');
    assert.deepEqual((await planned({ files: ['/a', '/b'] })).linked, []);
  });

  test('a second name of a file that was written long ago tells of no change of the first', async (context) => {
    const { hardLink, know, plan, root, write } = setUp(context);
    write('/a');
    utimesSync(join(root, 'a'), 1, 1);
    hardLink('/a', '/b');
    assert.deepEqual(await plan({ files: ['/b'] }), { files: ['/b'] });
    know('/b');
    assert.deepEqual(
      await plan({ files: ['/b'] }),
      { files: ['/b'], linked: ['/b'] },
      'it is none',
    );
  });
});

describe('what is remembered of a plan', () => {
  test('files as they were before csync2 looked; of one that was touched only that', async (context) => {
    const { planned, planner, remembered, write } = setUp(context);
    write('/a', '/touched', '/d/1');
    const plan = await planned({ files: ['/a'], touched: ['/touched'], trees: ['/d'] });
    planner.remember(plan, []);
    assert.deepEqual(remembered(), [
      'marked /a',
      'marked /d/1',
      'saw /a',
      'saw /d/1',
      'touched /touched',
    ]);
  });

  test('nothing of what csync2 has not looked at, and a mark that was missed is still to be made', async (context) => {
    const { bytes, planned, planner, remembered, verdict, write } = setUp(context);
    write('/a', '/b', '/c');
    verdict('/a', 'overlooked');
    const plan = await planned({ files: ['/a', '/b', '/c'] });
    planner.remember(plan, [bytes('/a'), bytes('/b')]);
    assert.deepEqual(remembered(), ['marked /c', 'saw /c', 'still to be marked /a']);
  });

  test('what csync2 would overlook was marked as it was', async (context) => {
    const { planned, planner, remembered, verdict, write } = setUp(context);
    write('/a', '/b');
    verdict('/b', 'overlooked');
    planner.remember(await planned({ files: ['/a', '/b'] }), []);
    assert.deepEqual(remembered(), [
      'is to be marked /b',
      'marked /a',
      'marked /b',
      'saw /a',
      'saw /b',
    ]);
  });

  test('nothing of what was postponed', async (context) => {
    const { arrival, planned, planner, remembered, write } = setUp(context);
    write('/a');
    arrival('/a', 'arriving');
    planner.remember(await planned({ files: ['/a'] }), []);
    assert.deepEqual(remembered(), []);
  });
});

test('each path of any batch ends in exactly one of the lists of its plan', async (context) => {
  const random = seededRandom(context);
  for (let round = 0; round < 8; round++) {
    const world = setUp(context);
    const told = randomTree(random, world);
    const waits = random.below(4) > 0;
    const batch = makeBatch(
      told.map((name): QueueEntry => {
        const kind = random.pick(['file', 'touch', 'tree', 'recheck'] as const);
        return { kind: world.isHalfReceived(name) ? 'file' : kind, path: world.bytes(name) };
      }),
    );
    const plan = await world.planner.plan(batch, waits, new AbortController().signal);
    const checked = new Set([...plan.files, ...plan.trees].map(world.short));
    const lists = {
      trees: plan.trees.map(world.short),
      files: plan.files.map(world.short),
      // What is to be marked may be checked as well.
      overlooked: plan.overlooked.map(world.short).filter((name) => !checked.has(name)),
      sockets: plan.sockets.map(world.short),
      // One that was told of alone and with all below is one when its turn comes.
      postponed: [...new Set(plan.postponed.map(({ path }) => world.short(path)))],
      unreadable: plan.unreadable.map(({ path }) => world.short(path)),
    };
    for (const given of [plan.files, plan.overlooked, plan.trees]) {
      assert.equal(
        new Set(given.map(world.short)).size,
        given.length,
        'csync2 is given nothing twice',
      );
    }
    let skipped = 0;
    for (const name of [...batch.files, ...batch.trees].map(world.short)) {
      const [list, ...more] = Object.entries(lists).flatMap(([list, names]) =>
        names.filter((each) => each === name).map(() => list),
      );
      assert.deepEqual(more, [], `${name} is in ${list} and elsewhere`);
      if (list === undefined) skipped++;
    }
    assert.equal(plan.skipped, skipped);
    if (!waits) assert.deepEqual([plan.postponed, plan.halfReceived], [[], []]);
    for (const name of plan.halfReceived.map(world.short))
      assert.ok(lists.postponed.includes(name), name);
    const isToldOf = (name: string) => told.some((each) => each === name);
    for (const name of plan.files.map(world.short)) {
      const isAbove = told.some((each) => each.startsWith(`${name}/`));
      assert.ok(
        isToldOf(name) || (isAbove && !world.isKnown(name)),
        `nobody has asked for ${name}`,
      );
    }
  }
});

/** Makes files of all kinds, or only has csync2 know them; returns some of their names. */
function randomTree(random: Random, world: ReturnType<typeof setUp>): string[] {
  const directories = [''];
  const told: string[] = [];
  for (let count = 0; count < 60; count++) {
    const name = `${random.pick(directories)}/${random.below(9) === 0 ? tooLong.slice(1) : count}`;
    if (random.below(2) === 0) world.know(name);
    if (random.below(3) > 0 && told.push(name) && random.below(5) === 0) told.push(name);
    if (name.endsWith(tooLong)) continue;
    const kind = random.pick(['file', 'link', 'directory', 'gone', 'was directory'] as const);
    if (kind === 'file') world.write(name);
    else if (kind === 'link') symlinkSync('nowhere', join(world.root, name));
    else if (kind === 'directory') {
      world.directory(name);
      directories.push(name);
    } else if (kind === 'was directory') {
      world.know(`${name}/1`, `${name}/2`);
      if (random.below(2) === 0) world.write(name);
    } else if (random.below(4) === 0) world.empty(name);
    world.verdict(name, random.pick(['check', 'overlooked', 'both', 'nothing']));
    if (kind === 'file')
      world.arrival(name, random.pick(['local', 'received', 'arriving', 'half-received']));
  }
  return told;
}

interface Asked {
  readonly files?: readonly string[];
  readonly trees?: readonly string[];
  /** Nothing but their owner, mode or times has changed. */
  readonly touched?: readonly string[];
  /** Trees that are looked at once more. */
  readonly rechecked?: readonly string[];
  readonly waits?: boolean;
  readonly signal?: AbortSignal;
}

/** A planner of a tree on disk; what csync2, its sessions and the judge know of it is said. */
function setUp(
  context: TestContext,
  { hasLedger = true, unseenSince = 0 }: { hasLedger?: boolean; unseenSince?: number } = {},
) {
  const root = mkdtempSync(join(tmpdir(), 'planner-test-'));
  context.after(() => rmSync(root, { recursive: true }));
  const bytes = (name: string) => Buffer.from(root + name);
  const short = (path: Buffer) => path.toString().slice(root.length);
  const known = new Set<string>();
  const verdicts = new Map<string, Verdict>();
  const arrivals = new Map<string, Arrival>();
  const emptied = new Set<string>();
  const seen = new Set<string>();
  const judged: Circumstances[] = [];
  const remembered: string[] = [];
  const linksSeen = new Set<string>();
  const surveys: { paths: string[]; recursive: boolean; since: number }[] = [];
  const knownWithin = (path: Buffer) => [...known].filter((name) => isWithin(bytes(name), path));
  const planner = new CheckPlanner({
    ledger: hasLedger
      ? {
          reading: (questions) => questions(),
          tree: {
            // The directories above the tree are not in question here.
            knows: (path) =>
              !short(path) || root.startsWith(path.toString()) || known.has(short(path)),
            countWithin: (path, limit) => Math.min(limit, knownWithin(path).length),
          },
        }
      : undefined,
    memory: {
      remember: (path) => remembered.push(`saw ${short(path)}`),
      rememberMarked: (path, _stamp, now) =>
        remembered.push(`is to be marked ${short(path)}${now === undefined ? ' at any time' : ''}`),
      rememberTouched: (path) => remembered.push(`touched ${short(path)}`),
    },
    changes: {
      judge(path, stamp, circumstances) {
        judged.push(circumstances);
        // Of a directory csync2 overlooks nothing.
        return (stamp.type !== 'other' && verdicts.get(short(path))) || 'check';
      },
      marked: (path) => remembered.push(`marked ${short(path)}`),
      mustStillBeMarked: (path) => remembered.push(`still to be marked ${short(path)}`),
    },
    arrivals: () => ({
      judge: (path) => ({ arrival: arrivals.get(short(path)) ?? 'local', account: 'unknown' }),
      isArrivingWithin: (directory) =>
        [...arrivals].some(
          ([name, what]) => what === 'arriving' && isWithin(bytes(name), directory),
        ),
      isEmptied: (path) => emptied.has(short(path)),
      isComplete: true,
    }),
    async survey(paths, options: SurveyOptions) {
      options.signal?.throwIfAborted();
      const { recursive, changedSince } = options;
      surveys.push({
        paths: paths.map(short),
        recursive,
        since: Number(changedSince / 1_000_000n),
      });
      const changed = paths.flatMap((path) => entriesOf(path.toString(), recursive));
      return {
        changed: changed.map((entry) => {
          return seen.has(short(entry.path))
            ? { ...entry, ctimeNs: BigInt(seenAt) * 1_000_000n }
            : entry;
        }),
      };
    },
    unseenSince: () => unseenSince,
    mayBeUnseen: (time) => time !== seenAt,
    links: {
      seen: ({ path }) => linksSeen.add(short(path)),
      changed: () => assert.fail('nothing is checked yet'),
    },
  });
  const planned = ({
    files = [],
    trees = [],
    touched = [],
    rechecked = [],
    waits = true,
    signal,
  }: Asked) => {
    const entries = (
      kind: 'file' | 'tree' | 'touch' | 'recheck',
      names: readonly string[],
    ): QueueEntry[] => names.map((name) => ({ kind, path: bytes(name) }));
    const batch = makeBatch([
      ...entries('file', files),
      ...entries('touch', touched),
      ...entries('tree', trees),
      ...entries('recheck', rechecked),
    ]);
    return planner.plan(batch, waits, signal ?? new AbortController().signal);
  };
  const shown = (plan: CheckPlan) => {
    const lists = {
      trees: plan.trees.map(short),
      files: plan.files.map(short),
      overlooked: plan.overlooked.map(short),
      sockets: plan.sockets.map(short),
      postponed: plan.postponed.map(
        (each) => short(each.path) + (each.recursive ? ' and below' : ''),
      ),
      halfReceived: plan.halfReceived.map(short),
      unreadable: plan.unreadable.map(({ path, text }) => `${short(path)} ${text}`),
      linked: plan.linked.map(({ path }) => short(path)),
    };
    const filled = Object.entries(lists).filter(([, list]) => list.length > 0);
    return {
      ...Object.fromEntries(filled.map(([name, list]) => [name, list.sort()])),
      ...(plan.skipped > 0 ? { skipped: plan.skipped } : {}),
    };
  };
  return {
    root,
    bytes,
    short,
    planner,
    planned,
    plan: async (asked: Asked) => shown(await planned(asked)),
    sweep: async (names: readonly string[], how: { recursive: boolean; unseenSince: number }) =>
      shown(
        await planner.planSweep(names.map(bytes), { ...how, signal: new AbortController().signal }),
      ),
    know(...names: readonly string[]) {
      for (const name of names) known.add(name);
    },
    isKnown: (name: string) => known.has(name),
    verdict: (name: string, verdict: Verdict) => verdicts.set(name, verdict),
    isHalfReceived: (name: string) => arrivals.get(name) === 'half-received',
    arrival: (name: string, arrival: Arrival) => arrivals.set(name, arrival),
    empty(...names: readonly string[]) {
      for (const name of names) emptied.add(name);
    },
    /** It was seen to when it changed last. */
    seen: (name: string) => seen.add(name),
    directory(...names: readonly string[]) {
      for (const name of names) mkdirSync(bytes(name), { recursive: true });
    },
    write(...names: readonly string[]) {
      for (const name of names) {
        mkdirSync(dirname(root + name), { recursive: true });
        writeFileSync(bytes(name), name);
      }
    },
    hardLink(name: string, other: string) {
      mkdirSync(dirname(root + other), { recursive: true });
      linkSync(bytes(name), bytes(other));
    },
    judged: () => judged,
    remembered: () => [...remembered].sort(),
    linksSeen: () => [...linksSeen].sort(),
    surveyed: () => surveys,
  };
}

/** What a survey tells: everything but directories. */
function entriesOf(path: string, recursive: boolean): ChangedEntry[] {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (!stat) return [];
  if (stat.isDirectory()) {
    return recursive ? readdirSync(path).flatMap((name) => entriesOf(join(path, name), true)) : [];
  }
  return [
    { ...stampOf(stat), path: Buffer.from(path), device: stat.dev, links: Number(stat.nlink) },
  ];
}
