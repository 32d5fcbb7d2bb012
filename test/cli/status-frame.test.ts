import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { frameOf, paint } from '#src/cli/commands/status/frame.js';
import { seededRandom } from '../support/csync2-random.js';

const at = new Date(2026, 10, 27, 9, 5, 3);

function frame(text: string, columns: number, rows: number): readonly string[] {
  return frameOf(text, { columns, rows }, at, 'every 1 s');
}

describe('a frame of the watched status', () => {
  test('begins with the time, and has as many lines as the screen', () => {
    assert.deepEqual(frame('one\n\ntwo\n', 20, 5), ['09:05:03  every 1 s', 'one', '', 'two', '']);
    assert.deepEqual(frame('', 20, 3), ['09:05:03  every 1 s', '', '']);
  });

  test('tells how many lines do not fit', () => {
    const text = 'a\nb\nc\nd\n';
    assert.deepEqual(frame(text, 20, 5).slice(1), ['a', 'b', 'c', 'd']);
    assert.deepEqual(frame(text, 20, 4).slice(1), ['a', 'b', '… 2 more lines']);
    assert.deepEqual(frame(text, 20, 2).slice(1), ['… 4 more lines']);
    assert.deepEqual(frame('a\nb', 20, 2).slice(1), ['… 2 more lines']);
    assert.deepEqual(frame(text, 20, 1), ['09:05:03  every 1 s']);
    assert.deepEqual(frame(text, 20, 0), []);
  });

  test('cuts lines that are too wide, also between characters of two cells', () => {
    const cut = (line: string, columns: number) => frame(line, columns, 2)[1];
    assert.deepEqual(
      [cut('abcd', 4), cut('abcde', 4), cut('abcde', 1), cut('abcde', 0)],
      ['abcd', 'abc…', '…', ''],
    );
    assert.deepEqual(
      [cut('日本語', 6), cut('日本語', 5), cut('日本語', 4)],
      ['日本語', '日本…', '日…'],
    );
    assert.deepEqual([cut('👍🏽ab', 4), cut('👍🏽abc', 4)], ['👍🏽ab', '👍🏽a…']);
    assert.equal(cut('e\u0301e\u0301e\u0301', 3), 'e\u0301e\u0301e\u0301', 'accents take no cell');
    assert.equal(cut('e\u0301e\u0301e\u0301', 2), 'e\u0301…');
  });

  test('lets nothing drive the terminal', () => {
    assert.equal(frame('a\x1b[2J\rb\x9b1m\x7f', 80, 2)[1], 'a\\x1b[2J\\x0db\\x9b1m\\x7f');
  });

  test('keeps styles, which take no room, and ends one where it cuts', () => {
    const red = '\x1b[31m';
    assert.equal(frame(`a ${red}b\x1b[39m c`, 5, 2)[1], `a ${red}b\x1b[39m c`);
    assert.equal(frame(`a ${red}failing\x1b[39m`, 5, 2)[1], `a ${red}fa…\x1b[0m`);
    assert.equal(frame('\x1b[31;5m\x1b[2J', 80, 2)[1], '\\x1b[31;5m\\x1b[2J');
  });

  test('of any text and size is never larger than the screen', (context) => {
    const random = seededRandom(context);
    const parts = ['a', ' ', '日', '\n', '\x1b', '👍🏽', 'e\u0301', '\u0301', '…', 'x'.repeat(50)];
    for (let round = 0; round < 300; round++) {
      const text = Array.from({ length: random.below(60) }, () => random.pick(parts)).join('');
      const [columns, rows] = [random.below(30), random.below(12)];
      const lines = frame(text, columns, rows);
      assert.equal(lines.length, rows);
      for (const line of lines) {
        const cells = [...line.replace(/\u0301|\u{1f3fd}/gu, '')].map((each) =>
          /[日👍]/u.test(each) ? 2 : 1,
        );
        assert.ok(
          cells.reduce((sum: number, each) => sum + each, 0) <= columns,
          JSON.stringify(line),
        );
        assert.doesNotMatch(line, /\p{Cc}/u);
      }
    }
  });

  test('is painted row by row: each is cleared before it is written', () => {
    assert.equal(paint(['one', '']), '\x1b[1;1H\x1b[2Kone\x1b[2;1H\x1b[2K');
  });
});
