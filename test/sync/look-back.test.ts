import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { lookBack } from '#src/sync/look-back.js';

describe('looking back', () => {
  test('files of the second are suspected; whole seconds, old and later contents, links and directories are not', async (context) => {
    const folder = folderOf(context);
    const now = Date.now();
    mkdirSync(join(folder, 'deep', 'er'), { recursive: true });
    const write = (name: string, mtime: number) => {
      writeFileSync(join(folder, name), 'x');
      utimesSync(join(folder, name), mtime / 1000, mtime / 1000);
    };
    write('deep/er/rewritten', now + 1.5);
    write('moved-here', now - 5001.5);
    write('received', Math.floor(now / 1000) * 1000);
    write('old', now - 3_600_001.5);
    write('later', now + 60_001.5);
    symlinkSync('rewritten', join(folder, 'link'));
    assert.deepEqual((await suspects(folder, now)).sort(), ['deep/er/rewritten', 'moved-here']);
    assert.deepEqual(await suspects(folder, now + 60_000), [], 'nothing has been touched since');
  });

  test('a root that is gone, or no directory, holds nothing', async (context) => {
    const folder = folderOf(context);
    writeFileSync(join(folder, 'file'), 'x');
    assert.deepEqual(await suspects(join(folder, 'gone'), Date.now()), []);
    assert.deepEqual(await suspects(join(folder, 'file'), Date.now()), []);
  });

  test('no more are handed over at once than a batch may hold, and the end is waited for', async (context) => {
    const folder = folderOf(context);
    const since = Date.now() - 1;
    for (let index = 0; index < 2500; index++) {
      writeFileSync(join(folder, String(index)), 'x');
      utimesSync(join(folder, String(index)), (since + 0.5) / 1000, (since + 0.5) / 1000);
    }
    let waiting = 0;
    let most = 0;
    let looks = 0;
    const depth = () => {
      // Checked at every second look.
      if (++looks % 2 === 0) waiting = 0;
      return waiting;
    };
    const suspect = () => {
      most = Math.max(most, ++waiting);
    };
    await lookBack({ roots: [Buffer.from(folder)], since, signal: never, suspect, depth });
    assert.equal(most, 1000);
    assert.equal(waiting, 0);
  });

  test('a stop ends it, whatever still waits', async (context) => {
    const folder = folderOf(context);
    writeFileSync(join(folder, 'file'), 'x');
    const stop = new AbortController();
    const looking = lookBack({
      roots: [Buffer.from(folder)],
      since: Date.now(),
      signal: stop.signal,
      suspect() {},
      depth: () => 1,
    });
    setImmediate(() => stop.abort());
    await looking;
  });
});

const { signal: never } = new AbortController();

function folderOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'ics-look-back-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** What is suspected, as paths within the folder. */
async function suspects(folder: string, since: number): Promise<string[]> {
  const found: string[] = [];
  const suspect = (path: Buffer) => void found.push(path.toString().slice(folder.length + 1));
  await lookBack({ roots: [Buffer.from(folder)], since, signal: never, suspect, depth: () => 0 });
  return found;
}
