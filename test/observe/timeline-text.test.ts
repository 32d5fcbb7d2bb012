import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTimeline, timelineText } from '#src/observe/timeline-text.js';
import { Timeline } from '#src/sync/common/timeline.js';

const origin = Date.parse('2026-01-02T03:04:05.678Z');

function timelineOf(path: string): Timeline {
  const timeline = new Timeline(Buffer.from(path), 0.25);
  timeline.mark('kernel', 0.554);
  timeline.mark('reader', 0.858);
  timeline.mark('check spawn', 3.45);
  timeline.mark('push', 45.25);
  return timeline;
}

test('what is shown of the stages sums up to the total that is shown', () => {
  assert.deepEqual(timelineText('web2', timelineOf('/srv/a'), origin), {
    text:
      'timeline: 44.99 ms from 2026-01-02T03:04:05.67825Z until web2 accepted /srv/a: ' +
      'kernel 0.30, reader 0.30, check spawn 2.59, push 41.80',
    milliseconds: 44.99,
  });
});

test('the line can be read again, whatever the name of the file', () => {
  for (const path of ['/srv/a', '/srv/x: kernel 1.00, reader 9.00', '/srv/new\nline accepted y']) {
    const { text } = timelineText('web2', timelineOf(path), origin);
    assert.doesNotMatch(text, /\n/);
    const told = parseTimeline(`2026-01-02T03:04:05.678Z debug: ${text}`);
    assert.equal(told?.peer, 'web2');
    assert.equal(told?.total, 44.99);
    assert.equal(told?.began, origin + 0.25);
    assert.equal(told?.path, path.replace('\n', '\\x0a'));
    assert.deepEqual(
      [...(told?.spent ?? [])],
      [
        ['kernel', 0.3],
        ['reader', 0.3],
        ['check spawn', 2.59],
        ['push', 41.8],
      ],
    );
  }
});

test('other lines are not', () => {
  assert.equal(
    parseTimeline('2026-01-02T03:04:05.678Z debug: web2: 1 file sent in 5 ms'),
    undefined,
  );
});
