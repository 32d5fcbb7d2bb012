import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readCheckText } from '#src/csync2/files/check-text.js';
import type { FileStamp } from '#src/sync/memory/file-stamp.js';
import { type Circumstances, OverlookedChanges } from '#src/sync/memory/overlooked-changes.js';
import type { Account } from '#src/sync/memory/write-counts.js';

const path = Buffer.from('/t/file');
const text = 'v1%3Amtime=5%3Amode=33188%3Auid=0%3Agid=0%3Atype=reg%3Asize=2';
const stamp: FileStamp = {
  type: 'file',
  inode: 1n,
  size: 2n,
  mtimeNs: 5_000_000_000n,
  ctimeNs: 900_000_000_000n,
};
const circumstances: Circumstances = {
  ...{
    isReceived: false,
    account: 'unknown',
    isTrusted: false,
    tellsAll: true,
    isSweep: false,
    text,
  },
};

interface Known {
  readonly isSame: boolean | undefined;
  readonly isMarked: boolean;
  readonly hasLedger: boolean;
  /** Milliseconds since 1970. */
  readonly since: number;
}
const known: Known = { isSame: true, isMarked: false, hasLedger: true, since: 0 };

/** The verdict on a file of the same size, owner, mode and second as csync2 has noted. */
function judge(rest: Partial<Circumstances>, given: Partial<Known> = {}, file = stamp) {
  const { hasLedger, isMarked, isSame, since } = { ...known, ...given };
  const changes = new OverlookedChanges({
    noteTable: hasLedger ? { of: () => readCheckText(text, 1) } : undefined,
    memory: {
      isSame: () => isSame,
      isSameAsMarked: () => isMarked,
      isSameAsTouched: () => isSame ?? false,
      since,
    },
    notes: { isWrittenAfter: () => false },
  });
  return changes.judge(path, file, { ...circumstances, ...rest });
}

describe('a file that looks to csync2 as it did', () => {
  test('remembered as it is, or received, it is nothing', () => {
    assert.equal(judge({}), 'nothing');
    assert.equal(judge({ isReceived: true }, { isSame: false }), 'nothing');
    assert.equal(judge({}, { isSame: false }), 'overlooked');
  });

  for (const account of ['accounted', 'known'] satisfies Account[]) {
    test(`${account}: it is nothing, whatever is remembered`, () => {
      assert.equal(judge({ account }, { isSame: false }), 'nothing');
      assert.equal(judge({ account }, { isSame: false, hasLedger: false }), 'check');
    });
  }

  test('closed by somebody who could write to it, and not written to since it was marked: it is nothing', () => {
    const given = { isMarked: true, isSame: false };
    assert.equal(judge({ account: 'written' }, given), 'nothing');
    assert.equal(judge({ account: 'written' }, { ...given, hasLedger: false }), 'check');
  });

  test('only its attributes were told of: it is nothing', () => {
    assert.equal(judge({ isTrusted: true }, { isSame: false }), 'nothing');
    assert.equal(judge({ isTrusted: true }, { isSame: false, hasLedger: false }), 'check');
  });

  test('written to here, it is overlooked, also where this batch tells of its attributes alone', () => {
    for (const isTrusted of [false, true]) {
      assert.equal(judge({ account: 'written', isTrusted }), 'overlooked');
      assert.equal(
        judge({ account: 'written', isTrusted }, { isSame: false, hasLedger: false }),
        'both',
      );
    }
  });
});

describe('a file that is not remembered, where the database is on a server', () => {
  const unknown = { isSame: undefined, hasLedger: false };
  const written: FileStamp = { ...stamp, mtimeNs: 900_123_000_000n, ctimeNs: 900_123_000_000n };

  test('written in the second of the start, or before: the last run may have had csync2 note it within that second', () => {
    for (const isSweep of [false, true]) {
      for (const tellsAll of [false, true]) {
        assert.equal(judge({ isSweep, tellsAll }, { ...unknown, since: 900_900 }, written), 'both');
        assert.equal(
          judge({ isSweep, tellsAll }, { ...unknown, since: 899_999 }, written),
          'check',
        );
      }
    }
  });

  test('with a time of long before: it is another file, of that time', () => {
    assert.equal(judge({}, unknown), 'both');
  });

  test('with a time in whole seconds, where not all receptions are known: it may have been received', () => {
    assert.equal(judge({ tellsAll: false }, { ...unknown, since: 900_900 }), 'check');
  });
});
