import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { UnseenSpans } from '#src/sync/memory/unseen-spans.js';
import { chooseSeed, seeded } from '../../queue/support.js';

describe('times in which nobody looked', () => {
  test('are kept over restarts, until a full check has been through that began after them', (context) => {
    const file = fileFor(context);
    const first = UnseenSpans.open(file, 50);
    assert.ok(first.covers(20), 'nobody knows when there is no file');
    first.forgetBefore(50);
    assert.equal(first.since, undefined);
    first.add(100, 200);
    first.add(400, 500);
    const second = UnseenSpans.open(file);
    assert.deepEqual(
      [99, 100, 200, 201, 399, 450, 501].map((time) => second.covers(time)),
      [false, true, true, false, false, true, false],
    );
    assert.equal(second.since, 100);
    second.forgetBefore(300);
    assert.equal(UnseenSpans.open(file).since, 400);
    second.forgetBefore(600);
    assert.equal(UnseenSpans.open(file).since, undefined);
  });

  test('a damaged file means that it may have been any time', (context) => {
    const file = fileFor(context);
    for (const text of ['', '{}', '[[1]]', '[["a", 2]]', '[[1, 2]']) {
      writeFileSync(file, text);
      assert.ok(UnseenSpans.open(file, 100).covers(99), text);
    }
  });

  test('however many come, no moment of them is forgotten, and they are bounded', (context) => {
    const random = seeded(chooseSeed(context));
    const file = fileFor(context);
    const spans = UnseenSpans.open(file, 0);
    spans.forgetBefore(0);
    const moments: number[] = [];
    for (let index = 0; index < 300; index++) {
      const from = Math.floor(random() * 1e6);
      const to = from + Math.floor(random() * 100);
      moments.push(from, to);
      spans.add(from, to);
    }
    const again = UnseenSpans.open(file);
    assert.ok(moments.every((moment) => again.covers(moment)));
  });
});

function fileFor(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'spans-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'unseen');
}
