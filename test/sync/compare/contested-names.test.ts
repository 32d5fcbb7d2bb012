import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ContestedNames } from '#src/sync/compare/contested-names.js';

describe('contested names', () => {
  test('concern themselves, what is below and what is above', () => {
    const names = new ContestedNames();
    names.add('/srv/a/b', 1);
    for (const name of ['/srv', '/srv/a', '/srv/a/b', '/srv/a/b/c', '/srv/a/b/c/d'])
      assert.ok(names.concerns(name), name);
    for (const name of ['/srv/a/bc', '/srv/a/c', '/srv/b', '/var'])
      assert.ok(!names.concerns(name), name);
    assert.deepEqual([...names], ['/srv/a/b']);
    assert.deepEqual([...names.above()].sort(), ['/srv', '/srv/a']);
  });

  test('are settled unless they were added since', () => {
    const names = new ContestedNames();
    names.add('/srv/a', 1);
    names.add('/srv/b', 1);
    names.add('/srv/b', 3);
    names.forgetBefore(2);
    assert.deepEqual([[...names], [...names.above()]], [['/srv/b'], ['/srv']]);
    names.forgetBefore(4);
    assert.deepEqual([names.size, [...names.above()], names.concerns('/srv')], [0, [], false]);
  });

  test('are not settled while something there is open', () => {
    const names = new ContestedNames();
    const open = new ContestedNames();
    for (const name of ['/srv/a', '/srv/b/c', '/srv/d', '/srv/e']) names.add(name, 1);
    for (const name of ['/srv/a/x', '/srv/b', '/srv/e']) open.add(name, 1);
    names.forgetBefore(2, open);
    assert.deepEqual([...names], ['/srv/a', '/srv/b/c', '/srv/e']);
  });

  test('have moved when something has come at or below them', () => {
    const names = new ContestedNames();
    for (const name of ['/srv/a', '/srv/b']) names.add(name, 1);
    names.moved('/srv/a/x', 5);
    names.moved('/srv/c', 5);
    assert.deepEqual([names.hasMoved('/srv/a/y', 5), names.hasMoved('/srv/a', 6)], [true, false]);
    assert.deepEqual(
      [names.hasMoved('/srv/b', 1), names.hasMoved('/srv', 1), names.hasMoved('/srv/c', 1)],
      [false, false, false],
    );
  });

  test('of prefixes, too', () => {
    const names = new ContestedNames();
    names.add('%25data%25/a', 1);
    assert.ok(names.concerns('%25data%25') && names.concerns('%25data%25/a/b'));
  });
});
