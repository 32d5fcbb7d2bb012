import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeName, encodeName, namesOf, realPathOf } from '#src/csync2/files/name-encoding.js';
import { seededRandom } from '../../support/csync2-random.js';

const bytes = (text: string) => Buffer.from(text);
const prefixes = [
  { name: bytes('data'), path: bytes('/srv/data') },
  { name: bytes('etc'), path: bytes('/etc/app') },
];

describe('names in the database of csync2', () => {
  test('controls, blank, DEL and " \' % $ : | \\ are escaped with upper-case digits, the rest is raw', () => {
    for (let byte = 1; byte < 256; byte++) {
      const isEscaped =
        byte <= 32 || byte === 127 || '"\'%$:|\\'.includes(String.fromCharCode(byte));
      const expected = isEscaped
        ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
        : String.fromCharCode(byte);
      assert.equal(encodeName(Buffer.of(byte)).toString('latin1'), expected);
    }
  });

  test('decoding gives back every name', (context) => {
    const random = seededRandom(context);
    for (let round = 0; round < 5000; round++) {
      const name = random.name(20);
      assert.deepEqual(decodeName(encodeName(name)), name);
    }
  });

  test('a name that looks escaped is escaped once more', () => {
    assert.equal(encodeName(bytes('/a%20b')).toString(), '/a%2520b');
    assert.deepEqual(decodeName(bytes('/a%2520b')), bytes('/a%20b'));
  });

  test('encoding leaves its argument alone', () => {
    const name = bytes('/a b');
    encodeName(name);
    assert.deepEqual(name, bytes('/a b'));
  });

  test('a path has its own name and one for each prefix it lies in', () => {
    assert.deepEqual(namesOf(bytes('/srv/data/x'), prefixes), [
      bytes('/srv/data/x'),
      bytes('%data%/x'),
    ]);
    assert.deepEqual(namesOf(bytes('/srv/data'), prefixes), [bytes('/srv/data'), bytes('%data%')]);
    assert.deepEqual(namesOf(bytes('/srv/database'), prefixes), [bytes('/srv/database')]);
    assert.deepEqual(namesOf(bytes('/srv'), prefixes), [bytes('/srv')]);
  });

  test('two prefixes with the same path give two names', () => {
    const both = [...prefixes, { name: bytes('other'), path: bytes('/srv/data') }];
    assert.deepEqual(namesOf(bytes('/srv/data/x'), both), [
      bytes('/srv/data/x'),
      bytes('%data%/x'),
      bytes('%other%/x'),
    ]);
  });

  test('the real path comes back from every name', () => {
    for (const path of ['/srv/data/x%y', '/srv/data', '/etc/app/a b', '/other']) {
      for (const name of namesOf(bytes(path), prefixes)) {
        assert.deepEqual(realPathOf(name, prefixes), bytes(path), name.toString());
      }
    }
  });

  test('a prefix that is not known here has no real path', () => {
    assert.equal(realPathOf(bytes('%nowhere%/x'), prefixes), undefined);
    assert.equal(realPathOf(bytes('%dat%/x'), prefixes), undefined);
    assert.equal(realPathOf(bytes('%broken'), prefixes), undefined);
  });
});
