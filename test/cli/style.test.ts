import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coloured, plain, styleFor } from '#src/cli/style.js';

const [terminal, pipe] = [{ isTTY: true }, {}];

test('colour is for terminals, unless the environment says otherwise', () => {
  for (const [stream, environment, isColoured] of [
    [terminal, {}, true],
    [terminal, { TERM: 'xterm' }, true],
    [terminal, { TERM: 'dumb' }, false],
    [terminal, { NO_COLOR: '1' }, false],
    [terminal, { NO_COLOR: '' }, true],
    [terminal, { FORCE_COLOR: '0' }, false],
    [terminal, { NO_COLOR: '1', FORCE_COLOR: '1' }, true],
    [pipe, {}, false],
    [pipe, { TERM: 'xterm-256color', COLORTERM: 'truecolor' }, false],
    [pipe, { FORCE_COLOR: '' }, false],
    [pipe, { FORCE_COLOR: '1' }, true],
  ] as const) {
    assert.equal(
      styleFor(stream, environment),
      isColoured ? coloured : plain,
      JSON.stringify({ stream, environment }),
    );
  }
});

test('styles are made whatever this process writes to', () => {
  assert.deepEqual(
    [coloured.good('a'), coloured.warn('a'), coloured.bad('a'), coloured.strong('a')],
    ['\x1b[32ma\x1b[39m', '\x1b[33ma\x1b[39m', '\x1b[31ma\x1b[39m', '\x1b[1ma\x1b[22m'],
  );
  assert.equal(plain.bad('a'), 'a');
});
