/** Tells its parent of readiness, then of the first path that is reported. */
import { parentPort, workerData } from 'node:worker_threads';
import { Watcher } from '#src/watch/watcher.js';
import { selectionOf } from './fixture.js';

const watcher = Watcher.open({ selection: selectionOf(workerData as string) });
await watcher.ready;
parentPort?.postMessage('ready');
for await (const batch of watcher) {
  for (const entry of batch) if (entry.kind === 'file') parentPort?.postMessage(String(entry.path));
}
