import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageReader, parseMessage } from '#src/csync2/run/message.js';

const stamp = '2026-11-26T10:20:30.797Z <13626>';

test('a message, one without a time of day, and a line of the keeper', () => {
  const at = Date.UTC(2026, 10, 26, 10, 20, 30, 797);
  assert.deepEqual(parseMessage(`${stamp} Updated /a from web2.`), {
    at,
    pid: 13626,
    kind: 'said',
    text: 'Updated /a from web2.',
  });
  assert.equal(parseMessage(`${stamp}-Peer> 1`)?.kind, 'bare');
  assert.equal(parseMessage(`${stamp}+keeper for 5`)?.kind, 'keeper');
});

test('escaped bytes come back, and nothing else is taken for one', () => {
  const text = String.raw`a\\nb\n\x01\xff\\x41`;
  assert.equal(parseMessage(`${stamp} ${text}`)?.text, 'a\\nb\n\x01\xff\\x41');
});

test('lines that are no messages are left out', () => {
  for (const line of [
    '',
    'Updated /a from web2.',
    '[10:00:00] <5> Updated /v from x.',
    '<5> Updated /v from x.',
  ]) {
    assert.equal(parseMessage(line), undefined, line);
  }
});

test('pieces of any size', () => {
  const log = `${stamp} one\n${stamp} two\\n2\nno message\n${stamp} three\n${stamp} unfinish`;
  for (let size = 1; size <= log.length; size++) {
    const reader = new MessageReader();
    const texts: string[] = [];
    for (let at = 0; at < log.length; at += size) {
      for (const { text } of reader.read(log.slice(at, at + size))) texts.push(text);
    }
    assert.deepEqual(texts, ['one', 'two\n2', 'three']);
  }
});
