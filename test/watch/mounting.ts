/** Runs in a mount namespace of its own; prints what the watcher makes of mounts. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Watcher } from '#src/watch/watcher.js';
import { selectionOf, until } from './fixture.js';

const root = mkdtempSync(join(tmpdir(), 'ics-mount-'));
for (const name of ['over/old', 'source/deep', 'bind'])
  mkdirSync(join(root, name), { recursive: true });
const watcher = Watcher.open({ selection: selectionOf(root) });
const seen = new Set<string>();
const losses: string[] = [];
const iteration = (async () => {
  for await (const batch of watcher) {
    for (const entry of batch) {
      if (entry.kind === 'loss') losses.push(entry.reason);
      else seen.add(entry.path.toString());
    }
  }
})();
const at = (name: string) => join(root, name);
const told = (name: string, count: number) =>
  until(
    () => losses.filter((reason) => reason.endsWith(at(name))).length === count,
    `loss ${count} of ${name}`,
  );
await watcher.ready;
const before = watcher.stats().watches;

execFileSync('mount', ['-t', 'tmpfs', 'none', at('over')]);
await told('over', 1);
const overTold = true;
mkdirSync(at('over/new'));
await until(() => seen.has(at('over/new')), 'over/new');
writeFileSync(at('over/new/f'), 'x');
await until(() => seen.has(at('over/new/f')), 'over/new/f');
execFileSync('mount', ['--bind', at('source'), at('bind')]);
await told('bind', 1);
writeFileSync(at('source/deep/g'), 'x');
await until(() => seen.has(at('source/deep/g')) && seen.has(at('bind/deep/g')), 'both names of g');

execFileSync('umount', [at('bind')]);
execFileSync('umount', [at('over')]);
await told('bind', 2);
await told('over', 2);
writeFileSync(at('over/old/h'), 'x');
await until(() => seen.has(at('over/old/h')), 'over/old/h');
await until(() => watcher.stats().watches === before, `${before} watches again`);
const unknown = watcher.stats().unknownDescriptors;
await watcher.close();
await iteration;
rmSync(root, { recursive: true });
console.log(
  JSON.stringify({
    overTold,
    inMounted: true,
    bothPlaces: true,
    inUncovered: true,
    watchesAsBefore: true,
    unknown,
  }),
);
