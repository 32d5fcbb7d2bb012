import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DirectoryKeys } from '#src/text/directory-keys.js';
import {
  display,
  displayShort,
  fromKey,
  isWithin,
  join,
  nameOf,
  parentOf,
  toKey,
} from '#src/text/path-bytes.js';
import { seededRandom } from '../support/csync2-random.js';

const bytes = (text: string) => Buffer.from(text);

describe('path bytes', () => {
  test('a key gives back every byte, and two paths never share one', () => {
    const all = Buffer.from(Array.from({ length: 255 }, (_, index) => index + 1));
    assert.deepEqual(fromKey(toKey(all)), all);
    assert.notEqual(toKey(Buffer.from([0xc3, 0xa9])), toKey(Buffer.from([0xe9])));
  });

  test('within: itself and what lies below, but no sibling that begins alike', () => {
    assert.ok(isWithin(bytes('/a/b'), bytes('/a/b')));
    assert.ok(isWithin(bytes('/a/b/c'), bytes('/a/b')));
    assert.ok(!isWithin(bytes('/a/bc'), bytes('/a/b')));
    assert.ok(!isWithin(bytes('/a'), bytes('/a/b')));
    assert.ok(!isWithin(bytes('/a/b'), bytes('/a/b/c')));
    assert.ok(isWithin(bytes('/'), bytes('/')));
    assert.ok(isWithin(bytes('/a'), bytes('/')));
  });

  test('parent, name and join take a path apart and put it together', () => {
    assert.deepEqual(parentOf(bytes('/a/b')), bytes('/a'));
    assert.deepEqual(parentOf(bytes('/a')), bytes('/'));
    assert.deepEqual(parentOf(bytes('/')), bytes('/'));
    assert.deepEqual(nameOf(bytes('/a/b')), bytes('b'));
    assert.deepEqual(nameOf(bytes('/a')), bytes('a'));
    for (const path of ['/a', '/a/b', '/a/ b/\n']) {
      assert.deepEqual(join(parentOf(bytes(path)), nameOf(bytes(path))), bytes(path));
    }
  });

  test('an ancestor is a directory above, never the path itself', () => {
    assert.ok(new DirectoryKeys(['/a']).areAbove('/a/b'));
    assert.ok(new DirectoryKeys(['/']).areAbove('/a/b'));
    assert.ok(!new DirectoryKeys(['/a/b']).areAbove('/a/b'));
    assert.ok(!new DirectoryKeys(['/a']).areAbove('/ab'));
    assert.ok(!new DirectoryKeys(['/']).areAbove('/'));
    assert.ok(!new DirectoryKeys().areAbove('/a'));
  });

  test('an ancestor in a set is what is within one of the others', (context) => {
    const random = seededRandom(context);
    const path = () =>
      `/${Array.from({ length: 1 + random.below(4) }, () => random.pick(['a', 'ab', 'b', '\xff'])).join('/')}`;
    for (let round = 0; round < 2000; round++) {
      const keys = new Set(Array.from({ length: random.below(4) }, path));
      const key = path();
      const expected = [...keys].some(
        (other) => other !== key && isWithin(fromKey(key), fromKey(other)),
      );
      assert.equal(new DirectoryKeys(keys).areAbove(key), expected, `${key} in ${[...keys]}`);
    }
  });
});

describe('display', () => {
  test('printable UTF-8 is shown as it is', () => {
    for (const text of ['/srv/data/ä €.txt', '/日本語', '/😀', '/a b"c\'d%e', '/\ufffd']) {
      assert.equal(display(bytes(text)), text);
    }
  });

  test('nothing that could forge a line or drive a terminal is left', () => {
    assert.equal(display(bytes('/a\nb')), '/a\\x0ab');
    assert.equal(display(bytes('/\x1b[31m')), '/\\x1b[31m');
    assert.equal(display(bytes('/a\\x0ab')), '/a\\x5cx0ab');
    assert.equal(display(Buffer.from([0x2f, 0xff, 0x41])), '/\\xffA');
    assert.equal(display(bytes('/\u202e')), '/\\xe2\\x80\\xae');
    assert.equal(display(bytes('/\u0085')), '/\\xc2\\x85');
  });

  test('UTF-8 that is no UTF-8: cut short, overlong, surrogates, beyond the last code point', () => {
    assert.equal(display(Buffer.from([0x2f, 0xe2, 0x82])), '/\\xe2\\x82');
    assert.equal(display(Buffer.from([0xc0, 0xaf])), '\\xc0\\xaf');
    assert.equal(display(Buffer.from([0xed, 0xa0, 0x80])), '\\xed\\xa0\\x80');
    assert.equal(display(Buffer.from([0xf4, 0x90, 0x80, 0x80])), '\\xf4\\x90\\x80\\x80');
    assert.equal(display(Buffer.from([0xe2, 0x41])), '\\xe2A');
  });

  test('a long path is shown by its beginning and its end, and no character is cut', () => {
    const long = `/srv/${'ä'.repeat(200)}/${'b'.repeat(90)}/file`;
    const shown = displayShort(bytes(long));
    assert.match(shown, /^\/srv\/ä+…ä+\/b+\/file \(501 bytes\)$/u);
    assert.equal(displayShort(bytes('/srv/ä')), '/srv/ä');
    assert.match(displayShort(Buffer.alloc(4095, 0x80)), /^(\\x80)+…(\\x80)+ \(4095 bytes\)$/);
  });

  test('any bytes: printable, and the bytes can be read back', (context) => {
    const random = seededRandom(context);
    for (let round = 0; round < 5000; round++) {
      const name = random.name(12);
      const shown = display(name);
      assert.ok(!/\p{C}/u.test(shown), JSON.stringify(shown));
      assert.deepEqual(undisplay(shown), name, JSON.stringify(shown));
    }
  });
});

function undisplay(shown: string): Buffer {
  const parts = shown.split(/\\x([0-9a-f]{2})/);
  return Buffer.concat(
    parts.map((part, index) => (index % 2 ? Buffer.from(part, 'hex') : Buffer.from(part))),
  );
}
