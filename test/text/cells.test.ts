import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellsOf, cut, wrap } from '#src/text/cells.js';

const red = (text: string) => `\x1b[31m${text}\x1b[39m`;

test('a style takes no cells, and ends where its line is cut', () => {
  assert.equal(cellsOf(red('日本')), 4);
  assert.equal(cut(`a ${red('failing')} b`, 11), `a ${red('failing')} b`);
  assert.equal(cut(`a ${red('failing')} b`, 6), 'a \x1b[31mfai…\x1b[0m');
  assert.equal(cut('abc', 2), 'a…');
});

test('a line that is too wide is broken between words, under where its text begins', () => {
  assert.deepEqual(wrap('watching   7 directories', 24), ['watching   7 directories']);
  assert.deepEqual(wrap('queue      3 changes waiting, the oldest for 2 s', 36), [
    'queue      3 changes waiting, the',
    '           oldest for 2 s',
  ]);
  assert.deepEqual(wrap(`  ${red('!')} web2: cannot be reached`, 20), [
    `  ${red('!')} web2: cannot be`,
    '    reached',
  ]);
});

test('a word that is wider than the terminal stays whole, so that it can be copied', () => {
  assert.deepEqual(wrap('  /srv/a/very/long/path: missing (unmounted)', 20), [
    '  /srv/a/very/long/path:',
    '    missing',
    '    (unmounted)',
  ]);
  assert.deepEqual(wrap('/srv/a/very/long/path', 5), ['/srv/a/very/long/path']);
});
