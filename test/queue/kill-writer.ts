import { writeSync } from 'node:fs';
import { Queue } from '#src/queue/queue.js';

/**
 * Run by kill.test.ts: appends, reads and commits until it is killed. Says on standard output what
 * has returned: `a N` record N is appended, `c N` all up to record N are about to be committed,
 * `o N` it opened the queue and the next record is N.
 */
const [, , name = '', first = '1'] = process.argv;
const queue = Queue.open({ file: name, linesUntilReset: 300, segmentBytes: 4000 });
let number = Number(first);
writeSync(1, `o ${number}\n`);
for (;;) {
  const entries = Array.from({ length: 1 + (number % 7) }, (_, index) => {
    return { kind: 'file', path: Buffer.from(`/kill/${number + index} %`) } as const;
  });
  queue.append(entries);
  number += entries.length;
  writeSync(1, `a ${number - 1}\n`);
  if (number % 3 === 0) queue.flush();
  if (number % 2 !== 0) continue;
  const batch = queue.read({ records: 1 + (number % 11), bytes: 1e6 });
  const last = batch?.entries.at(-1);
  if (!batch || last?.kind !== 'file') continue;
  writeSync(1, `c ${/\d+/.exec(last.path.toString())?.[0]}\n`);
  queue.commit(batch.end);
}
