import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListenAddressError, parseListenAddress } from '#src/config/listen-address.js';

test('off, loopback addresses with a port, and paths', () => {
  assert.equal(parseListenAddress('off'), undefined);
  assert.deepEqual(parseListenAddress('127.0.0.1:9823'), {
    kind: 'port',
    host: '127.0.0.1',
    port: 9823,
  });
  assert.deepEqual(parseListenAddress('127.8.0.3:1'), { kind: 'port', host: '127.8.0.3', port: 1 });
  assert.deepEqual(parseListenAddress('[::1]:65535'), { kind: 'port', host: '::1', port: 65_535 });
  assert.deepEqual(parseListenAddress('/run/m.sock'), { kind: 'socket', path: '/run/m.sock' });
});

test('an address that other hosts can reach is refused, and the message says so', () => {
  for (const text of [
    '0.0.0.0:9823',
    '10.0.0.1:9823',
    '[::]:9823',
    '[::ffff:127.0.0.1]:9823',
    '[fe80::1]:9823',
    'localhost:9823',
    '127.0.0.1.example.org:9823',
    '127.1:9823',
    '0x7f.0.0.1:9823',
    ':9823',
  ]) {
    assert.throws(
      () => parseListenAddress(text),
      { message: /is not a loopback address/, exitCode: 78 },
      text,
    );
  }
});

test('what is no address at all is refused', () => {
  for (const text of [
    '',
    'on',
    '9823',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:0',
    '127.0.0.1:65536',
    '127.0.0.1:9823/metrics',
    '::1:9823',
    '[::1]',
    'run/m.sock',
    '/run/',
    '/a\0b',
    `/${'x'.repeat(107)}`,
  ]) {
    assert.throws(() => parseListenAddress(text), ListenAddressError, text);
  }
});
