/**
 * Runs where something is short; prints what the watcher makes of it.
 *
 * - `limit`: in a user namespace, whose watch limit is lowered while it watches
 * - `denied`: without the right to read what its mode forbids
 * - `descriptors`: with few file descriptors, all of which are taken for a while
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Watcher } from '#src/watch/watcher.js';
import { selectionOf, until } from './fixture.js';

const root = mkdtempSync(join(tmpdir(), 'ics-shortage-'));
const at = (...names: string[]) => join(root, ...names);
for (const name of ['before', 'locked/below']) mkdirSync(at(name), { recursive: true });
// Before the walk begins, which would otherwise be there first now and then.
if (process.argv[2] === 'denied') chmodSync(at('locked'), 0);

const files = new Set<string>();
const trees: string[] = [];
const losses: string[] = [];
// Whoever makes directories while we can't open anything must have been started before.
const maker = spawn('bash', ['-c', 'while read -r line; do eval "$line"; done'], {
  cwd: root,
  stdio: ['pipe', 'ignore', 'inherit'],
});
const watcher = Watcher.open({ selection: selectionOf(root) });
const iteration = (async () => {
  for await (const batch of watcher) {
    for (const entry of batch) {
      if (entry.kind === 'loss') losses.push(entry.reason);
      else if (entry.kind === 'tree') trees.push(entry.path.toString());
      else files.add(entry.path.toString());
    }
  }
})();
/** Writes a file; whether it is reported. */
const reported = async (...names: string[]) => {
  writeFileSync(at(...names), 'x');
  await until(() => files.has(at(...names)), names.join('/'));
  return true;
};

const shortages = { limit, denied, descriptors };
const shown = await shortages[process.argv[2] as keyof typeof shortages]();
await watcher.close();
await iteration;
await ended(maker);
rmSync(root, { recursive: true });
console.log(JSON.stringify(shown));

async function limit() {
  await watcher.ready;
  const setLimit = (count: number) =>
    writeFileSync('/proc/sys/user/max_inotify_watches', String(count));
  setLimit(watcher.stats().watches + 5);
  for (let index = 0; index < 100; index++) mkdirSync(at(`d${index}`));
  await until(() => watcher.stats().unwatched === 95, '95 directories to be noted');
  await until(() => losses.length > 0, 'the loss to be told');
  const kept = await reported('before', 'kept');
  // Each is asked for again and again, and each time csync2 is to look there.
  const checks = () => trees.filter((tree) => /\/d\d+$/u.test(tree)).length;
  await until(() => checks() > 100, 'unwatched directories to be checked');
  setLimit(10_000);
  await until(() => watcher.stats().unwatched === 0, 'all to be watched');
  for (let index = 0; index < 100; index++) await reported(`d${index}`, 'f');
  return { kept, healed: true, losses: [...new Set(losses)] };
}

async function denied() {
  await watcher.ready;
  await until(() => losses.length > 0, 'the loss to be told');
  const before = watcher.stats().denied;
  const kept = await reported('before', 'kept');
  trees.length = 0;
  chmodSync(at('locked'), 0o700);
  await until(() => trees.includes(at('locked')), 'the directory to be looked at');
  const healed = await reported('locked', 'below', 'f');
  return {
    before,
    kept,
    healed,
    after: watcher.stats().denied,
    reason: losses[0]?.replace(root, ''),
  };
}

async function descriptors() {
  await watcher.ready;
  const taken: number[] = [];
  try {
    while (true) taken.push(openSync('/dev/null', 'r'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EMFILE') throw error;
  }
  const looks = watcher.stats().looks;
  maker.stdin?.write('mkdir -p new/deep; echo x > new/deep/f\n');
  await until(() => watcher.stats().looks > looks + 1, 'a second look');
  const premature = trees.length;
  for (const fd of taken) closeSync(fd);
  await until(() => trees.includes(at('new')), 'the directory to be looked at');
  const healed = await reported('new', 'deep', 'g');
  return { premature, healed, losses };
}

async function ended(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.stdin?.end();
  await exited;
}
