import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { toKey } from '#src/text/path-bytes.js';
import { chooseSeed, next, openQueue, seeded, temporaryFolder } from './support.js';

const rounds = Number(process.env.ROUNDS ?? 50);
const writer = fileURLToPath(new URL('./kill-writer.js', import.meta.url));

test(`killed ${rounds} times while it writes: nothing that was not committed is lost`, async (context) => {
  const random = seeded(chooseSeed(context));
  const folder = temporaryFolder(context);
  let appended = 0;
  let committed = 0;
  let unread = 0;
  for (let round = 0; round < rounds; round += 1) {
    const child = spawn(
      process.execPath,
      [writer, join(folder, 'queue.log'), String(appended + 1)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let output = '';
    child.stdout.setEncoding('latin1').on('data', (text: string) => {
      output += text;
    });
    while (!output.includes('a ')) await once(child.stdout, 'data');
    await sleep(random() * 40);
    child.kill('SIGKILL');
    await once(child, 'close');
    for (const line of output.split('\n').slice(0, -1)) {
      const number = Number(line.slice(2));
      if (line.startsWith('a')) appended = number;
      if (line.startsWith('c')) committed = Math.max(committed, number);
    }

    const queue = openQueue(folder);
    assert.equal(queue.recovery.unclean, true);
    assert.match(queue.recovery.reason ?? '', /did not stop cleanly/);
    const left = (next(queue, 1e9)?.entries ?? []).map((entry) => {
      return entry.kind === 'file'
        ? Number(/^\/kill\/(\d+) %$/.exec(toKey(entry.path))?.[1])
        : Number.NaN;
    });
    const [oldest = appended + 1] = left;
    assert.ok(
      oldest <= committed + 1,
      `round ${round}: ${committed + 1} to ${oldest - 1} are lost`,
    );
    assert.deepEqual(
      left,
      left.map((_, index) => oldest + index),
      `round ${round}: in order, without a gap`,
    );
    assert.ok((left.at(-1) ?? appended) >= appended, `round ${round}: the end is lost`);
    appended = Math.max(appended, left.at(-1) ?? 0);
    unread += left.length;
    queue.close({ clean: true });
  }
  context.diagnostic(
    `${appended} records, ${committed} committed, ${unread} found unread after the kills`,
  );
});
