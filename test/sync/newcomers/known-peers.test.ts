import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { KnownPeers } from '#src/sync/newcomers/known-peers.js';
import { seededRandom } from '../../support/csync2-random.js';

describe('which peers are known', () => {
  test('where there is no list yet, the peers of the moment are, and stay so', (context) => {
    const file = fileOf(context);
    assert.deepEqual(KnownPeers.open(file, ['a', 'b']).newOf(['a', 'b', 'c']), ['c']);
    assert.deepEqual(KnownPeers.open(file, ['a', 'b', 'c']).newOf(['a', 'b', 'c']), ['c']);
  });

  test('where no peer was known, each that comes is new', (context) => {
    const file = fileOf(context);
    assert.deepEqual(KnownPeers.open(file, []).newOf(['a']), ['a']);
    assert.deepEqual(KnownPeers.open(file, ['a']).newOf(['a']), ['a']);
  });

  test('one that is added is known, over restarts', (context) => {
    const file = fileOf(context);
    const known = KnownPeers.open(file, ['a']);
    known.add('b');
    assert.deepEqual(known.newOf(['a', 'b', 'c']), ['c']);
    assert.deepEqual(KnownPeers.open(file, []).newOf(['a', 'b', 'c']), ['c']);
  });

  test('one that is forgotten is told, and new again when it comes back', (context) => {
    const file = fileOf(context);
    const known = KnownPeers.open(file, ['a', 'b', 'c']);
    assert.deepEqual(known.keep(['b', 'unknown']), ['a', 'c']);
    assert.deepEqual(known.newOf(['a', 'b', 'c', 'unknown']), ['a', 'c', 'unknown']);
    assert.deepEqual(KnownPeers.open(file, []).newOf(['a', 'b', 'c']), ['a', 'c']);
    assert.deepEqual(known.keep(['b']), []);
  });

  test('names are kept as they are', (context) => {
    const file = fileOf(context);
    const names = ['web1.example.com', 'a "b"', 'ü', 'new\nline', '__proto__', ''];
    KnownPeers.open(file, names);
    assert.deepEqual(KnownPeers.open(file, []).newOf([...names, 'other']), ['other']);
  });

  test('whatever is added and forgotten, in whatever order, over restarts', (context) => {
    const random = seededRandom(context);
    const file = fileOf(context);
    const names = Array.from({ length: 8 }, (_, index) => `host${index}`);
    const model = new Set(['host0', 'host1']);
    let known = KnownPeers.open(file, [...model]);
    for (let step = 0; step < 60; step++) {
      const some = names.filter(() => random.below(2) === 0);
      const action = random.pick(['restart', 'forget', 'add', 'add'] as const);
      if (action === 'restart') known = KnownPeers.open(file, some);
      else if (action === 'forget') {
        const gone = [...model].filter((name) => !some.includes(name));
        assert.deepEqual(known.keep(some).sort(), gone.sort());
        for (const name of gone) model.delete(name);
      } else {
        const name = random.pick(names);
        known.add(name);
        model.add(name);
      }
      assert.deepEqual(
        known.newOf(names),
        names.filter((name) => !model.has(name)),
      );
    }
  });
});

describe('the list of known peers on disk', () => {
  test('is for root alone, and nothing lies beside it', (context) => {
    const file = fileOf(context);
    KnownPeers.open(file, ['a']).add('b');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(join(file, '..')), ['known']);
  });

  test('if it is damaged, it is as if there had been none', (context) => {
    for (const damaged of ['', '[', '["a"', '{}', 'null', '"a"', '\0\0\0']) {
      const file = fileOf(context);
      writeFileSync(file, damaged);
      assert.deepEqual(KnownPeers.open(file, ['b']).newOf(['a', 'b']), ['a'], damaged);
      assert.deepEqual(KnownPeers.open(file, []).newOf(['a', 'b']), ['a'], 'it is whole again');
    }
  });

  test('what a run has left that died while it wrote is replaced, whatever its length', (context) => {
    const file = fileOf(context);
    const known = KnownPeers.open(file, ['a']);
    writeFileSync(`${file}.new`, `["${'x'.repeat(1000)}"`);
    known.add('b');
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), ['a', 'b']);
  });

  test('a link in its place is not followed', (context) => {
    const file = fileOf(context);
    const other = join(file, '../other');
    const known = KnownPeers.open(file, ['a']);
    writeFileSync(other, 'precious');
    chmodSync(other, 0o644);
    symlinkSync(other, `${file}.new`);
    known.add('b');
    assert.equal(readFileSync(other, 'utf8'), 'precious');
    assert.equal(statSync(other).mode & 0o777, 0o644);
    assert.deepEqual(
      KnownPeers.open(file, []).newOf(['a', 'b']),
      [],
      'the link is gone, the list is written',
    );
  });
});

function fileOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'known-peers-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'known');
}
