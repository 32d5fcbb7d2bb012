import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSelection, matchHost, matchPattern } from '#src/csync2/cfg/native-selection.js';
import { selectionOf } from '#src/csync2/cfg/selection.js';
import type { SelectionRules } from '#src/native/selection.js';
import { configOf } from './support.js';

function explainer(patterns: string, prefixes = ''): (path: string) => number {
  const selection = selectionOf(
    configOf(`${prefixes} group g { host me; key csync2.key; ${patterns} }`),
  );
  return (path) => selection.explain(Buffer.from(path, 'latin1'));
}

const cases: readonly [what: string, patterns: string, expected: Record<string, number>][] = [
  [
    'an include takes itself and all below, and passes through its parents',
    'include /srv/data;',
    { '/': 1, '/srv': 1, '/srv/data': 2, '/srv/data/a/b': 2, '/srv/database': 0, '/etc': 0 },
  ],
  ['include / takes / alone', 'include /;', { '/': 2, '/etc': 0 }],
  ['the last match wins', 'exclude /d/B; include /d;', { '/d/B': 2, '/d/B/x': 2 }],
  [
    'an include below an exclude is reached',
    'include /d; exclude /d/B; include /d/B/sub;',
    { '/d/B': 1, '/d/B/x': 0, '/d/B/sub/x': 2 },
  ],
  [
    'a star stops at slashes',
    'include /d/*.txt;',
    { '/d': 1, '/d/a.txt': 2, '/d/a.txt/b': 2, '/d/s/a.txt': 0 },
  ],
  [
    'two stars cross them, and so do all stars of the pattern',
    'include /d/*/x**;',
    { '/d/a/x': 2, '/d/a/b/x': 2 },
  ],
  [
    'but csync2 enters only what a truncation names',
    'include /d/B/**.txt;',
    { '/d/B/x.txt': 2, '/d/B/sub': 0, '/d/B/sub/y.txt': 0 },
  ],
  [
    'a last component that is left out hides all below',
    'include /d; exclude .git;',
    { '/d/.git': 0, '/d/.git/x': 0, '/d/x.git': 2 },
  ],
  [
    'a basename pattern with a slash matches nothing',
    'include /d; exclude B/sub;',
    { '/d/B/sub': 2 },
  ],
  [
    'escapes and classes',
    'include "/d/a\\*" /d/[!b]x /d/[;',
    { '/d/a*': 2, '/d/ab': 0, '/d/ax': 2, '/d/bx': 0, '/d/[': 2 },
  ],
  ['bytes, not characters', 'include /d/? /e/??;', { '/d/\xc3\xa9': 0, '/e/\xc3\xa9': 2 }],
];
for (const [what, patterns, expected] of cases) {
  test(what, () => {
    const explain = explainer(patterns);
    assert.deepEqual(
      Object.fromEntries(Object.keys(expected).map((path) => [path, explain(path)])),
      expected,
    );
  });
}

test('a prefix begins at its path and is a name space of its own', () => {
  const explain = explainer('include %p%/x; exclude /opt/p/x;', 'prefix p { on *: /opt/p; }');
  assert.deepEqual(
    ['/opt', '/opt/p', '/opt/p/x', '/opt/p/x/y', '/opt/p/y', '/x'].map(explain),
    [1, 1, 2, 2, 0, 0],
  );
});

test('a prefix may begin at /', () => {
  const explain = explainer('include %p%/etc/x; exclude y;', 'prefix p { on *: /; }');
  assert.deepEqual(
    ['/', '/etc', '/etc/x', '/etc/x/z', '/etc/x/y', '/var'].map(explain),
    [1, 1, 2, 2, 0, 0],
  );
  assert.equal(explainer('include %p%;', 'prefix p { on *: /; }')('/etc'), 2);
});

test('the parents of a prefix are entered although a pattern leaves them out', () => {
  const unused = 'prefix p { on *: /d/B/C/D; }';
  assert.equal(explainer('include /d; exclude B;')('/d/B/file'), 0);
  assert.deepEqual(
    ['/d/B', '/d/B/file', '/d/B/C/D'].map(explainer('include /d; exclude B;', unused)),
    [1, 2, 2],
  );
});

test('of two prefixes with one name the later counts', () => {
  const explain = explainer('include %p%;', 'prefix p { on *: /a; } prefix p { on *: /b; }');
  assert.deepEqual(['/a', '/a/x', '/b', '/b/x'].map(explain), [0, 0, 2, 2]);
});

test('31 prefixes can be included, and any number stand unused', () => {
  const prefixes = (count: number) =>
    Array.from({ length: count }, (_, index) => `prefix p${index} { on *: /p/${index}; }`).join(
      ' ',
    );
  assert.equal(explainer('include %p*%/x;', prefixes(31))('/p/30/x'), 2);
  assert.equal(explainer('include %p1%/x;', prefixes(200))('/p/1/x'), 2);
  assert.throws(() => explainer('include %p*%/x;', prefixes(32)), { fault: 'prefixLimit' });
});

test('hosts and single patterns', () => {
  const yes = (match: (pattern: Buffer, name: Buffer) => boolean, pattern: string, name: string) =>
    match(Buffer.from(pattern), Buffer.from(name));
  assert.deepEqual(
    [yes(matchHost, 'web*', 'web1'), yes(matchHost, 'WEB1', 'web1'), yes(matchHost, '*', 'a/b')],
    [true, false, true],
  );
  assert.deepEqual(
    [
      yes(matchPattern, '/a', '/a/b'),
      yes(matchPattern, 'b', '/a/b'),
      yes(matchPattern, 'a', '/a/b'),
    ],
    [true, true, false],
  );
});

test('wrong arguments are refused', () => {
  const rules: SelectionRules = { groups: [], prefixes: [] };
  const selection = createSelection(rules);
  assert.throws(() => selection.explain(Buffer.from('relative')), TypeError);
  assert.throws(() => selection.explain('/text' as unknown as Buffer), TypeError);
  assert.throws(() => createSelection({} as SelectionRules), TypeError);
  assert.throws(
    () =>
      createSelection({
        groups: [{ patterns: [{ text: 'x', include: true }] }],
        prefixes: [],
      } as unknown as SelectionRules),
    TypeError,
  );
  const explain = selection.explain;
  assert.throws(() => explain.call({} as typeof selection, Buffer.from('/')));
});
