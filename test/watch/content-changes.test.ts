import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ContentChange } from '#src/watch/decode.js';
import { WatchFixture } from './fixture.js';

/** What was counted of each path. */
type Sums = { writes: number; moves: number; others: number };

function counting(): {
  seen: Map<string, Sums>;
  onContentChanges: (changes: readonly ContentChange[]) => void;
} {
  const seen = new Map<string, Sums>();
  const onContentChanges = (changes: readonly ContentChange[]) => {
    for (const { path, writes, moves, others } of changes) {
      const sums = seen.get(path.toString('latin1')) ?? { writes: 0, moves: 0, others: 0 };
      sums.writes += writes;
      sums.moves += moves;
      sums.others += others;
      seen.set(path.toString('latin1'), sums);
    }
  };
  return { seen, onContentChanges };
}

test('how often a file was written to, moved into its place and removed is counted; attributes are not', async (context) => {
  const watch = new WatchFixture(context);
  const { seen, onContentChanges } = counting();
  await watch.start({ onContentChanges });
  await watch.bash('for name in written moved removed touched; do echo > $name; done');
  await watch.quiet({ forget: true });
  seen.clear();
  await watch.bash(`
    for i in 1 2 3; do echo x >> written; touch touched; echo x > aside; mv aside moved; done
    rm removed; chmod 600 touched`);
  await watch.quiet();
  const of = (name: string) => seen.get(join(watch.root, name));
  assert.deepEqual(of('written'), { writes: 3, moves: 0, others: 0 });
  assert.deepEqual(of('moved'), { writes: 0, moves: 3, others: 0 });
  assert.deepEqual(of('removed'), { writes: 0, moves: 0, others: 1 });
  // touch(1) opens the file to write.
  assert.deepEqual(of('touched'), { writes: 3, moves: 0, others: 0 });
});

test('writes that nothing comes between are counted each, also when nobody has read the first one yet', async (context) => {
  const watch = new WatchFixture(context);
  const { seen, onContentChanges } = counting();
  await watch.start({ onContentChanges });
  await watch.bash('echo > written');
  await watch.quiet({ forget: true });
  seen.clear();
  watch.watcher.stall(500, 'reader');
  await watch.bash('for i in 1 2 3; do echo x >> written; done');
  await watch.quiet();
  assert.deepEqual(seen.get(join(watch.root, 'written')), { writes: 3, moves: 0, others: 0 });
});

test('a file that somebody keeps writing to tells nothing until it is closed', async (context) => {
  const watch = new WatchFixture(context);
  const { seen, onContentChanges } = counting();
  await watch.start({ onContentChanges });
  await watch.bash('echo > log');
  await watch.quiet({ forget: true });
  seen.clear();
  await watch.bash('exec 3>> log; for i in $(seq 2000); do echo x >&3; done; touch other');
  await watch.quiet();
  assert.deepEqual(seen.get(join(watch.root, 'log')), { writes: 1, moves: 0, others: 0 });
});

test('a file without a name is not reported until it gets one', async (context) => {
  const watch = new WatchFixture(context);
  const { seen, onContentChanges } = counting();
  await watch.start({ onContentChanges });
  await watch.bash('echo > beside');
  await watch.quiet({ forget: true });
  seen.clear();
  await watch.bash(`/usr/bin/python3 -c '
import ctypes, os
file = os.open(".", os.O_TMPFILE | os.O_RDWR, 0o600)
os.write(file, b"text")
os.fchmod(file, 0o644)
os.close(os.open("/proc/self/fd/%d" % file, os.O_RDWR))
file = os.open(".", os.O_TMPFILE | os.O_RDWR, 0o600)
os.write(file, b"text")
AT_FDCWD, AT_SYMLINK_FOLLOW = -100, 0x400
own = b"/proc/self/fd/%d" % file
assert ctypes.CDLL(None).linkat(AT_FDCWD, own, AT_FDCWD, b"named", AT_SYMLINK_FOLLOW) == 0
os.rename("named", "renamed")
'
    echo > '#12'; echo > '#13'; rm '#13'`);
  await watch.quiet();
  const names = [...seen.keys()].map((path) => path.slice(watch.root.length + 1)).sort();
  assert.deepEqual(
    names.filter((name) => !name.startsWith('mark')),
    ['#12', '#13', 'named', 'renamed'],
  );
});
