/**
 * Watches a directory and writes a queue as the daemon does, run by a service manager: ROOT QUEUE
 * FINGERPRINT-FILE. Says `{ready, gap, due}` when the watches stand and are stored, and after
 * SIGUSR2 `{clean}` as soon as nothing is in hand.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gapText, WatchStore } from '#src/daemon/watch-store.js';
import { Queue } from '#src/queue/queue.js';
import { readHandover } from '#src/watch/handover.js';
import { Watcher } from '#src/watch/watcher.js';
import { selectionOf } from './fixture.js';

const [root = '', file = '', fingerprintFile = ''] = process.argv.slice(2);
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
const fingerprint = createHash('sha256').update(readFileSync(fingerprintFile)).digest();
const quiet = { error() {}, warn: console.error, info() {}, debug() {} };
const store = new WatchStore(quiet);
const { watch, gap } = store.inherit(fingerprint);
const queue = Queue.open({ file, linesUntilReset: 1e9, unwritten: gap ? 'lost' : 'none' });
if (gap) queue.requireFullCheck(gapText[gap]);
const watcher = Watcher.open({ selection: selectionOf(root), fingerprint, ...watch });
const forwarding = (async () => {
  for await (const entries of watcher) {
    queue.append(entries);
    if (queue.isKept) watcher.kept();
  }
})();
await watcher.ready;
store.keep(watcher);
say({ ready: true, gap: gap ?? null, due: queue.fullCheckDue?.reason ?? null });

let was = false;
const look = setInterval(() => {
  const is = readHandover(watcher.handoverFd)?.clean === true;
  if (is && !was) say({ clean: true });
  was = is;
}, 5);
process.on('SIGUSR2', () => {
  was = false;
});
process.on('SIGTERM', async () => {
  clearInterval(look);
  await watcher.detach();
  await forwarding;
  queue.close({ clean: true });
  process.exit(0);
});
