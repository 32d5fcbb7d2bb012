import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkedNames, isPlainPath, markedName } from '#src/csync2/check/checked-names.js';

const prefixes = [
  { name: Buffer.from('q'), path: Buffer.from('/srv/a') },
  { name: Buffer.from('p'), path: Buffer.from('/srv') },
  { name: Buffer.from('root'), path: Buffer.from('/') },
];

function namesOf(path: string) {
  const { ifThere, ifGone } = checkedNames(Buffer.from(path), prefixes);
  return { ifThere: ifThere.map(String), ifGone: ifGone.map(String) };
}

test('a path is checked by its own name and by those below prefixes', () => {
  const names = ['/srv/a/x', '%q%/x', '%p%/a/x'];
  assert.deepEqual(namesOf('/srv/a/x'), { ifThere: names, ifGone: names });
  assert.deepEqual(namesOf('/srv/ab').ifThere, ['/srv/ab', '%p%/ab']);
  assert.deepEqual(namesOf('/etc').ifThere, ['/etc']);
});

test('where a prefix begins, its name comes first', () => {
  assert.deepEqual(namesOf('/srv/a'), {
    ifThere: ['%q%', '/srv/a', '%p%/a'],
    ifGone: ['/srv/a', '%q%', '%p%/a'],
  });
  assert.deepEqual(namesOf('/').ifThere, ['%root%', '/']);
});

test('a path is marked by one name: that below the first prefix', () => {
  const marked = (path: string) => markedName(Buffer.from(path), prefixes).toString();
  assert.deepEqual(['/srv/a/x', '/srv/b', '/etc/x', '/'].map(marked), [
    '%q%/x',
    '%p%/b',
    '/etc/x',
    '%root%',
  ]);
});

test('paths that csync2 writes differently are told apart', () => {
  const plain = ['/', '/a', '/a/.b', '/a/...', '/a/b..', '/\n', `/${'a'.repeat(4094)}`];
  const others = ['', 'a', '/a/', '//', '/a//b', '/a/.', '/./a', '/a/..', '/../a', '/a/../b'];
  const all = [...plain, ...others, '/a\0b', `/${'a'.repeat(4095)}`];
  assert.deepEqual(
    all.filter((path) => isPlainPath(Buffer.from(path))),
    plain,
  );
});
