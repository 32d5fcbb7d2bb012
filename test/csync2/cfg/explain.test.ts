import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainPath } from '#src/csync2/cfg/explain.js';
import { warningsOf } from '#src/csync2/cfg/warnings.js';
import { configOf } from './support.js';

const config = configOf(`prefix p { on me: /opt/p; }
group web {
  host me one; key csync2.key;
  include /srv/data;
  exclude .git *.tmp;
  exclude /srv/data/cache;
  include %p%/x;
}
group db { host one two; key csync2.key; include /srv /var/db; }
`);

function explain(path: string): string[] {
  const { verdict, lines } = explainPath(config, Buffer.from(path));
  return [
    verdict,
    ...lines.map(({ text, place }) => (place ? `${text} (${place.file}:${place.line})` : text)),
  ];
}

const cases: readonly [path: string, lines: string[]][] = [
  [
    '/srv/data/a',
    [
      'synchronised',
      'group web: /srv/data/a is included by `include /srv/data;` (/etc/csync2.cfg:4)',
      'group db includes it, but me is not a member (/etc/csync2.cfg:9)',
    ],
  ],
  [
    '/srv/data/a.tmp',
    [
      'leftOut',
      'group web: /srv/data/a.tmp is excluded by `exclude *.tmp;`, because of its last component (/etc/csync2.cfg:5)',
      'group db includes it, but me is not a member (/etc/csync2.cfg:9)',
    ],
  ],
  [
    '/srv/data/.git/config',
    [
      'leftOut',
      'csync2 does not enter /srv/data/.git, so it finds nothing below:',
      'group web: /srv/data/.git is excluded by `exclude .git;`, because of its last component (/etc/csync2.cfg:5)',
      'group db includes it, but me is not a member (/etc/csync2.cfg:9)',
    ],
  ],
  [
    '/srv/data/cache/x',
    [
      'leftOut',
      'csync2 does not enter /srv/data/cache, so it finds nothing below:',
      'group web: /srv/data/cache is excluded by `exclude /srv/data/cache;` (/etc/csync2.cfg:6)',
      'group db includes it, but me is not a member (/etc/csync2.cfg:9)',
    ],
  ],
  [
    '/srv',
    [
      'passedThrough',
      'group web: /srv matches no include',
      'group db includes it, but me is not a member (/etc/csync2.cfg:9)',
    ],
  ],
  [
    '/var/db/x',
    [
      'leftOut',
      'csync2 does not enter /var, so it finds nothing below:',
      'group web: /var matches no include',
    ],
  ],
  ['/opt', ['passedThrough', 'group web: /opt matches no include']],
  [
    '/opt/p/x/y',
    [
      'synchronised',
      'csync2 does not enter /opt/p, so it finds nothing below:',
      'group web: /opt/p matches no include',
      'under the prefix its name is %p%/x/y',
      'group web: %p%/x/y is included by `include %p%/x;` (/etc/csync2.cfg:7)',
    ],
  ],
];
for (const [path, lines] of cases) {
  test(`explains ${path}`, () => assert.deepEqual(explain(path), lines));
}

test('warns of what csync2 takes without a word', () => {
  const odd = configOf(`prefix a { on *: /a; }
prefix a { on *: /b; }
prefix b%c { on *: /x/../y; }
prefix d { on other: /d; }
group g { host me; key csync2.key;
include / /x//y a/b %d%/x %*%/z;
include /fine fine "..";
}`);
  assert.deepEqual(
    warningsOf(odd).map(({ kind, place }) => `${kind}:${place.line}`),
    [
      'prefixTwice:1',
      'prefixUnclean:3',
      'prefixName:3',
      'rootOnly:6',
      'neverMatches:6',
      'neverMatches:6',
      'prefixUndefined:6',
    ],
  );
});
