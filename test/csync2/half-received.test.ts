import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cutShort } from '#src/csync2/half-received.js';

/** Noon of some day, here. */
const noon = new Date(2026, 10, 22, 12, 0, 0).getTime();
const second = 1000;
const line = (time: string, pid: number, text: string) => `[${time}] <${pid}> ${text}\n`;

describe('what sessions were receiving when they were killed', () => {
  test('is what those without an end have named', () => {
    const text =
      line('11:59:50', 1, 'New connection from 10.0.0.2:4711.') +
      line('11:59:51', 1, 'Updated /whole from web2.') +
      line('11:59:52', 2, 'New connection from 10.0.0.3:4711.') +
      line('11:59:53', 2, 'Updated /half from then on from web3.') +
      line('11:59:54', 1, 'Connection closed.') +
      line('11:59:58', 2, 'Updated /later from web3.');
    assert.deepEqual(
      [...cutShort(text, noon)],
      [
        ['/half from then on', noon - 7 * second],
        ['/later', noon - 2 * second],
      ],
    );
  });

  test('a process number that is used again is another session', () => {
    const text =
      line('11:59:51', 1, 'Updated /old from web2.') +
      line('11:59:52', 1, 'New connection from 10.0.0.2:4711.') +
      line('11:59:53', 1, 'Updated /new from web2.');
    assert.deepEqual([...cutShort(text, noon).keys()], ['/new']);
  });

  test('a time of day that is still to come was yesterday', () => {
    const text =
      line('12:00:01', 1, 'Updated /now from web2.') + line('12:00:02', 2, 'Updated /then from web2.');
    assert.deepEqual(
      [...cutShort(text, noon)],
      [
        ['/now', noon + second],
        ['/then', noon + 2 * second - 24 * 3600 * second],
      ],
    );
  });

  test('lines in pieces, and lines of others, are no names', () => {
    assert.equal(
      cutShort('<7> Updated /a from web2.\n[10:0\nListening on 10.0.0.2:30865 as web1.\n', noon).size,
      0,
    );
  });
});
