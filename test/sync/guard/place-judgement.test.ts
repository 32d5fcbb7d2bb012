import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Mount } from '#src/sync/guard/mount-table.js';
import {
  identityOf,
  judgePlace,
  type Place,
  type PlaceKnowledge,
  type RootState,
  rootStateText,
} from '#src/sync/guard/place-judgement.js';
import type { PlaceSight } from '#src/sync/guard/place-look.js';

const disk: Mount = {
  id: 7,
  point: Buffer.from('/srv/up'),
  type: 'ext4',
  source: '/dev/sdb1',
  root: '/',
};
const other: Mount = { ...disk, source: '/dev/sdc1' };
const full: PlaceSight = { kind: 'directory', isEmpty: false, identity: 'disk', isProof: true };
const empty: PlaceSight = { ...full, isEmpty: true };
const bare: PlaceSight = { kind: 'directory', isEmpty: false, identity: 'bare', isProof: true };
const remembered = identityOf(disk, full);

describe('a place that is judged', () => {
  test('a mount as it was: present, whatever csync2 says of its contents', () => {
    assert.deepEqual(judge({ mount: disk, remembered }, { mostlyThere: false }), {
      state: 'present',
      identity: remembered,
    });
  });

  test('not mounted although it was: held, as a root and below one, with and without knowledge', () => {
    for (const isRoot of [true, false]) {
      const sights: readonly PlaceSight[] = [full, empty, bare, { kind: 'other' }, unreadable];
      for (const seen of sights) {
        assert.equal(judge({ isRoot, seen, remembered }, {}).state, 'unmounted');
        assert.equal(judge({ isRoot, seen, remembered }, undefined).state, 'unmounted');
      }
    }
    assert.equal(judge({ seen: { kind: 'missing' }, remembered }, {}).state, 'unmounted');
    // An included directory that isn't there is never taken for deleted, whatever somebody accepts.
    assert.equal(
      judge({ isRoot: true, seen: { kind: 'missing' }, remembered }, {}).state,
      'missing',
    );
  });

  test('not mounted, but csync2 knows nothing below, with nothing pending: it is forgotten', () => {
    assert.deepEqual(judge({ seen: bare, remembered }, { any: false }), {
      state: 'present',
      isForgotten: true,
    });
    assert.deepEqual(judge({ isRoot: true, seen: empty, remembered }, { any: false, files: 1 }), {
      state: 'present',
      identity: 'disk',
      isForgotten: true,
    });
  });

  test('another file system in its place: by its contents', () => {
    const seen = { ...full, identity: 'another' };
    const identity = identityOf(other, seen);
    const place = { seen, mount: other, remembered };
    assert.deepEqual(judge(place, {}), { state: 'present', identity });
    assert.equal(judge(place, { mostlyThere: false }).state, 'replaced');
    assert.equal(judge({ ...place, seen: { ...seen, isEmpty: true } }, {}).state, 'emptied');
    assert.equal(
      judge({ ...place, seen: { ...seen, isEmpty: true } }, { files: 2 }).state,
      'present',
    );
    assert.equal(judge(place, undefined).state, 'replaced', 'nothing tells that it is as good');
  });

  test('each part of the identity counts', () => {
    const changed: readonly [Mount, PlaceSight][] = [
      [{ ...disk, type: 'xfs' }, full],
      [{ ...disk, source: '/dev/sdb2' }, full],
      [{ ...disk, root: '/sub' }, full],
      [disk, { ...full, identity: 'another inode' }],
    ];
    for (const [mount, seen] of changed) {
      assert.equal(judge({ mount, seen, remembered }, { mostlyThere: false }).state, 'replaced');
    }
    // Not the id, which is another one after each boot.
    assert.equal(
      judge({ mount: { ...disk, id: 8 }, remembered }, { mostlyThere: false }).state,
      'present',
    );
  });

  test('without proof that it is the same file system, only the very mount that was looked at before passes', () => {
    const seen = { ...full, isProof: false };
    const last = { identity: remembered, mountId: disk.id };
    const lacking = { mostlyThere: false };
    assert.equal(judge({ mount: disk, seen, remembered, last }, lacking).state, 'present');
    assert.equal(
      judge({ mount: { ...disk, id: 8 }, seen, remembered, last }, lacking).state,
      'replaced',
    );
    assert.equal(
      judge({ mount: disk, seen, remembered }, lacking).state,
      'replaced',
      'the first look of a run',
    );
    assert.equal(judge({ mount: disk, seen, remembered }, {}).state, 'present');
  });

  test('the same mount, suddenly empty', () => {
    const place = { mount: disk, seen: empty, remembered };
    assert.equal(judge(place, { files: 3 }).state, 'emptied');
    assert.equal(judge(place, { files: 2 }).state, 'present');
    assert.equal(
      judge(place, { files: 2, pending: 9 }).state,
      'present',
      'what was deleted in it is meant',
    );
    assert.equal(judge(place, undefined).state, 'present');
  });

  test('something is mounted over files that csync2 knows, or that are pending since a check met it half-way', () => {
    const place = { mount: other, seen: bare };
    assert.equal(judge(place, { mostlyThere: false }).state, 'replaced');
    assert.equal(judge(place, {}).state, 'present');
    assert.equal(judge({ ...place, seen: empty }, { files: 0, pending: 3 }).state, 'emptied');
    assert.equal(judge({ ...place, seen: empty }, { files: 0 }).state, 'present', 'a new disk');
    assert.equal(judge(place, undefined).state, 'present', 'nothing tells that it covers anything');
  });

  test('a mount that can not be looked at, or whose place is gone', () => {
    assert.equal(judge({ mount: disk, seen: unreadable, remembered }, {}).state, 'unreadable');
    assert.equal(
      judge({ mount: disk, seen: { kind: 'missing' }, remembered }, {}).state,
      'missing',
    );
    assert.equal(
      judge({ mount: disk, seen: { kind: 'other' }, remembered }, {}).state,
      'not-a-directory',
    );
  });

  test('a single file that is mounted upon one', () => {
    const seen: PlaceSight = { kind: 'file', isEmpty: false, identity: 'a file', isProof: true };
    assert.equal(
      judge({ mount: disk, seen, remembered: 'another' }, { mostlyThere: false }).state,
      'present',
    );
    assert.equal(judge({ seen, remembered }, {}).state, 'unmounted');
    assert.equal(judge({ isRoot: true, mount: disk, seen }, {}).state, 'not-a-directory');
  });

  test('an included directory that is no mount point', () => {
    const root = { isRoot: true, seen: full };
    assert.equal(judge(root, { mostlyThere: false }).state, 'replaced', 'at the first look');
    const last = { identity: 'disk', mountId: undefined };
    assert.equal(judge({ ...root, last }, { mostlyThere: false }).state, 'present');
    assert.equal(
      judge({ ...root, last: { ...last, identity: 'x' } }, { mostlyThere: false }).state,
      'replaced',
    );
    assert.equal(judge({ ...root, seen: empty, last }, {}).state, 'emptied');
    assert.equal(
      judge({ ...root, seen: empty }, { files: 0, pending: 9 }).state,
      'present',
      'as after a restart',
    );
    assert.equal(judge({ ...root, seen: { kind: 'missing' } }, {}).state, 'missing');
    assert.equal(judge({ ...root, seen: unreadable }, {}).state, 'unreadable');
    assert.equal(judge(root, undefined).state, 'present');
  });

  test('what was mounted before is not what the bare directory is compared with', () => {
    const last = { identity: remembered, mountId: disk.id };
    const bareRoot = { isRoot: true, seen: bare, last };
    assert.equal(judge(bareRoot, { mostlyThere: false }).state, 'replaced');
  });

  test('every state has a text', () => {
    const states: Record<RootState, true> = {
      present: true, missing: true, 'not-a-directory': true, unreadable: true, emptied: true, replaced: true,
      unmounted: true, returning: true,
    }; // biome-ignore format: a list of words
    for (const state of Object.keys(states) as RootState[])
      assert.match(rootStateText[state], /\S/);
    assert.equal(rootStateText.unmounted, 'not mounted, but it was');
  });
});

const unreadable: PlaceSight = { kind: 'unreadable', errno: 'EIO' };

interface Known {
  readonly files?: number;
  readonly pending?: number;
  readonly any?: boolean;
  readonly mostlyThere?: boolean;
}

function judge(place: Partial<Place>, known: Known | undefined) {
  const { files = 10, pending = 0, any = true, mostlyThere = true } = known ?? {};
  const knowledge: PlaceKnowledge = {
    count: (orPending) => Math.min(3, files + (orPending ? pending : 0)),
    isAny: () => any,
    isMostlyThere: () => mostlyThere,
  };
  return judgePlace(
    {
      isRoot: false,
      seen: full,
      mount: undefined,
      remembered: undefined,
      last: undefined,
      ...place,
    },
    known && knowledge,
  );
}
