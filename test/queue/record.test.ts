import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c } from '#src/queue/crc32c.js';
import type { QueueEntry } from '#src/queue/entry.js';
import { escapeBytes, unescapeBytes } from '#src/queue/escape.js';
import { decodeRecord, encodeRecord } from '#src/queue/record.js';
import { chooseSeed, seeded } from './support.js';

test('CRC-32C of the published vectors', () => {
  assert.equal(crc32c('123456789'), 0xe3069283);
  assert.equal(crc32c('\0'.repeat(32)), 0x8a9136aa);
  assert.equal(crc32c('\xff'.repeat(32)), 0x62a8ab43);
  assert.equal(crc32c(''), 0);
});

test('a record is one greppable line', () => {
  const entry: QueueEntry = { kind: 'file', path: Buffer.from('/srv/Grüße & 100%\n') };
  const line = encodeRecord({ sequence: 42, at: 1700000000000, entry });
  const text = Buffer.from(line, 'latin1').toString('utf8');
  assert.match(text, /^42 1700000000000 F [0-9a-f]{8} \/srv\/Grüße%20&%20100%25%0A\n$/);
});

const hostileNames: [name: string, path: Buffer, escaped: string][] = [
  ['plain', Buffer.from('/a/b-c_d.e'), '/a/b-c_d.e'],
  ['blanks at both ends', Buffer.from(' /a '), '%20/a%20'],
  ['newline and carriage return', Buffer.from('/a\n\r'), '/a%0A%0D'],
  ['something that looks escaped', Buffer.from('/a%41'), '/a%2541'],
  ['quotes, backslash, dash', Buffer.from('/-"\'\\$`'), '/-"\'\\$`'],
  ['escape sequence of a terminal', Buffer.from('/\x1b[2J\x7f'), '/%1B[2J%7F'],
  ['printable UTF-8', Buffer.from('/é漢😀'), Buffer.from('/é漢😀').toString('latin1')],
  [
    'bidi override, line separator, no-break space',
    Buffer.from('/\u202e\u2028\u00a0'),
    '/%E2%80%AE%E2%80%A8%C2%A0',
  ],
  ['C1 control', Buffer.from('/\u0085'), '/%C2%85'],
  ['latin1 bytes', Buffer.from([0x2f, 0xe9, 0x2f]), '/%E9/'],
  ['invalid beside valid UTF-8', Buffer.from([0x2f, 0xff, 0xc3, 0xa9, 0xc3]), '/%FF\xc3\xa9%C3'],
  ['overlong and surrogate', Buffer.from([0xc0, 0xaf, 0xed, 0xa0, 0x80]), '%C0%AF%ED%A0%80'],
  ['byte order mark', Buffer.from('\ufeff/a'), '%EF%BB%BF/a'],
  ['255 bytes', Buffer.from(`/${'\x01'.repeat(255)}`), `/${'%01'.repeat(255)}`],
  ['nothing', Buffer.alloc(0), ''],
];

for (const [name, path, escaped] of hostileNames) {
  test(`escaping: ${name}`, () => {
    assert.equal(escapeBytes(path), escaped);
    assert.deepEqual(unescapeBytes(escaped), path);
  });
}

test('any bytes come back as they went in, on one line without blanks in the path', (context) => {
  const random = seeded(chooseSeed(context));
  const pieces = ['%', ' ', '\n', '/', 'é', '漢', '😀', '\u202e', '%0A', 'a', '\x7f', '\0'];
  for (let round = 0; round < 20_000; round += 1) {
    const parts: Buffer[] = [];
    for (let count = Math.floor(random() * 12); count >= 0; count -= 1) {
      const choice = Math.floor(random() * (pieces.length + 3));
      parts.push(
        choice < pieces.length
          ? Buffer.from(pieces[choice] as string)
          : Buffer.of(Math.floor(random() * 256)),
      );
    }
    const path = Buffer.concat(parts);
    const kind = random() < 0.5 ? 'file' : 'tree';
    const record = {
      sequence: 1 + Math.floor(random() * 2 ** 40),
      at: Math.floor(random() * 2 ** 42),
      entry: { kind, path } as const,
    };
    const line = encodeRecord(record);
    assert.match(line, /^[^ \n]+ [^ \n]+ . [^ \n]+ [^ \n]*\n$/, path.toString('hex'));
    assert.deepEqual(
      decodeRecord(Buffer.from(line.slice(0, -1), 'latin1')),
      record,
      path.toString('hex'),
    );
  }
});

test('a reason for a loss comes back', () => {
  const record = {
    sequence: 1,
    at: 2,
    entry: { kind: 'loss', reason: 'overflow of the kernel’s queue' },
  } as const;
  assert.deepEqual(decodeRecord(Buffer.from(encodeRecord(record).slice(0, -1), 'latin1')), record);
});

test('no single flipped bit, missing or added byte passes', () => {
  const line = encodeRecord({
    sequence: 7,
    at: 1700000000000,
    entry: { kind: 'tree', path: Buffer.from('/ä b%') },
  });
  const bytes = Buffer.from(line.slice(0, -1), 'latin1');
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.equal(decodeRecord(flipped), undefined, `bit ${bit}`);
  }
  for (let at = 0; at < bytes.length; at += 1) {
    assert.equal(decodeRecord(bytes.subarray(0, at)), undefined, `cut at ${at}`);
    const doubled = Buffer.concat([
      bytes.subarray(0, at),
      bytes.subarray(at - 1, at),
      bytes.subarray(at),
    ]);
    if (at > 0) assert.equal(decodeRecord(doubled), undefined, `doubled byte ${at}`);
  }
});
