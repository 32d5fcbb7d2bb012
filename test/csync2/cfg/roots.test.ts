import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allRootsOf, rootsOf } from '#src/csync2/cfg/roots.js';
import { configOf } from './support.js';

const prefixes =
  'prefix p { on me: /srv/p; } prefix top { on *: /; } prefix elsewhere { on other: /x; } prefix p2 { on *: /srv/p/2; }';

function shown(include: string, find = rootsOf): string[] {
  const config = configOf(
    `${prefixes} group g { host me; key csync2.key; ${include} } group h { host one; key csync2.key; include /not/mine; }`,
  );
  return find(config).map(
    ({ path, exact, patterns }) =>
      `${path.toString('latin1')}${exact ? '' : '…'} ${patterns.length}`,
  );
}

const cases: readonly [include: string, roots: string[]][] = [
  ['include /srv/a /srv/b/;', ['/srv/a 1', '/srv/b 1']],
  ['include /srv/a/b /srv /srv/a /srvx;', ['/srv 3', '/srvx 1']],
  ['include /srv/a-b /srv/a /srv/a/b;', ['/srv/a 2', '/srv/a-b 1']],
  ['include /srv/*/x;', ['/srv… 1']],
  ['include /srv/da* /srv;', ['/srv 2']],
  ['include /srv/[ab] /var/x?y;', ['/srv… 1', '/var… 1']],
  ['include /*;', ['/… 1']],
  ['include /**;', ['/… 1']],
  ['include /;', ['/ 1']],
  ['include "/srv/a\\*b/c\\d";', ['/srv/a*b/cd 1']],
  ['include %p% %p%/x;', ['/srv/p 2']],
  ['include %p%/x/*;', ['/srv/p/x… 1']],
  ['include %p%/*;', ['/srv/p… 1']],
  ['include %p%*;', ['/srv/p… 1']],
  ['include %top%/etc/x;', ['/etc/x 1']],
  ['include %elsewhere%/x %unknown%/y;', []],
  ['include %p*%/x;', ['/srv/p… 1']],
  ['include %p;', []],
  ['exclude /a; compare /b; include *.c;', []],
  ['include /srv//x /srv/./y /srv/../z /srv/ok;', ['/srv/ok 1']],
];
for (const [include, roots] of cases) {
  test(`the roots of ${include}`, () => assert.deepEqual(shown(include), roots));
}

test('nested roots can be asked for', () => {
  assert.deepEqual(shown('include /srv/*/x /srv/data %p%/y /srv/data;', allRootsOf), [
    '/srv… 1',
    '/srv/data 2',
    '/srv/p/y 1',
  ]);
});
