/** Runs in a user namespace that allows 50 watches; prints what the watcher makes of it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WatchLimitError } from '#src/watch/errors.js';
import { Watcher } from '#src/watch/watcher.js';
import { selectionOf, until } from './fixture.js';

const root = mkdtempSync(join(tmpdir(), 'ics-limit-'));
for (let index = 0; index < 100; index++) mkdirSync(join(root, `d${index}`));
const above = root.split('/').length - 1;
const watcher = Watcher.open({ selection: selectionOf(root) });
const files = new Set<string>();
let losses = 0;
const iteration = (async () => {
  for await (const batch of watcher) {
    for (const entry of batch) {
      if (entry.kind === 'loss') losses++;
      else files.add(entry.path.toString());
    }
  }
})();
const error = (await watcher.ready.then(
  () => ({}),
  (reason: unknown) => reason,
)) as WatchLimitError;
await until(() => losses > 0, 'the loss to be told');
writeFileSync('/proc/sys/user/max_inotify_watches', '1000');
await until(() => watcher.stats().unwatched === 0, 'all to be watched');
for (let index = 0; index < 100; index++) writeFileSync(join(root, `d${index}`, 'f'), 'x');
await until(() => files.has(join(root, 'd99', 'f')), 'a file to be reported');
const healed = Array.from({ length: 100 }, (_, index) =>
  files.has(join(root, `d${index}`, 'f')),
).every(Boolean);
await watcher.close();
await iteration;
rmSync(root, { recursive: true });
const { code, exitCode, limit, needed } = error;
console.log(
  JSON.stringify({ code, exitCode, limit, needed, directories: 101 + above, losses, healed }),
);
