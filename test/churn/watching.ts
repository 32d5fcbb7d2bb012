/**
 * The watching process of a churn lane. Takes one request a line, answers with lines of JSON:
 *
 * - `{open: {patterns, options}}`: opens a watcher, answers `{ready: true}` after its first walk
 * - `{quiet: true}`: `{stats}`, behind all records that had been taken by then
 * - `{close: true}`: `{closed: true}` behind the last record
 *
 * and, whenever there are some, `{entries: [[kind, path in hex or reason], …]}`.
 */
import { createInterface } from 'node:readline';
import { loadNative } from '#src/native.js';
import type { QueueEntry } from '#src/queue/entry.js';
import type { WatcherOptions } from '#src/watch/watcher.js';
import { Watcher } from '#src/watch/watcher.js';
import type { Request } from './lane.js';

let watcher: Watcher | undefined;
let iteration: Promise<void> | undefined;
/** Every so manieth record is thrown away, to prove that the test finds it. */
const deaf = Number(process.argv[2] ?? 0);
let records = 0;

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as Request;
  if ('open' in request) open(request.open);
  else if ('quiet' in request) say({ stats: watcher?.stats() });
  else {
    await watcher?.close();
    await iteration;
    say({ closed: true });
  }
}

function open({ patterns, options }: Extract<Request, { open: unknown }>['open']): void {
  const selection = new (loadNative().Selection)({
    groups: [
      {
        patterns: patterns.map(({ text, include }) => ({
          text: Buffer.from(text, 'latin1'),
          include,
        })),
      },
    ],
    prefixes: [],
  });
  watcher = Watcher.open({ selection, ...(options as Partial<WatcherOptions>) });
  iteration = tell(watcher);
  watcher.ready.then(
    () => say({ ready: true }),
    (error: Error) => say({ failed: error.message }),
  );
}

async function tell(source: Watcher): Promise<void> {
  try {
    for await (const batch of source) {
      const kept = deaf ? batch.filter(() => ++records % deaf !== 0) : batch;
      if (kept.length > 0) say({ entries: kept.map(encode) });
    }
  } catch (error) {
    say({ failed: String(error) });
  }
}

function encode(entry: QueueEntry): [string, string] {
  return entry.kind === 'loss'
    ? [entry.kind, entry.reason]
    : [entry.kind, entry.path.toString('hex')];
}

function say(answer: object): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
