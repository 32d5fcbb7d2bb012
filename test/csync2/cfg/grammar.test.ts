import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configOf, refusalOf } from './support.js';

const everything = `
nossl * 10.0.0.*;
database "/var/lib/other";  database ignored;
tempdir first; tempdir /tmp/x;
ignore uid mod; ignore ;
lock-timeout " 30s";
prefix data { on other: /no; on M*: /no/; on m*: /yes/; on *: /late; }
prefix none { }
group {
  host one@eins Me@MyAlias (two three@Drei) four;
  host ( );
  include /a/ / "" "/with blank" config /etc/more.cfg;;
  exclude *.tmp %data%/x// b/c;
  compare /one /two /three;
  key csync2.key;
  auto younger;
  action { pattern /a/* "x y"; exec "a; b" c; logfile /log; do-local-only; }
  action { }
  backup-directory /b; backup-generations -2x;
}
group other { key /etc/csync2.key; host one me (me) five; }
group third { key csync2.key; host one; }
`;

test('the whole grammar', () => {
  const config = configOf(everything, { hostName: 'ME', files: { '/etc/more.cfg': '/more\n' } });
  assert.deepEqual(config.files, ['/etc/csync2.cfg', '/etc/more.cfg']);
  assert.equal(config.hostName, 'me');
  assert.deepEqual(config.nossl, [{ from: '*', to: '10.0.0.*' }]);
  assert.equal(config.database, '/var/lib/other');
  assert.equal(config.tempDirectory, '/tmp/x');
  assert.deepEqual(config.ignore, { uid: true, gid: false, mod: true });
  assert.equal(config.lockTimeout, 30);
  assert.deepEqual(
    config.prefixes.map(({ name, path }) => [String(name), path && String(path)]),
    [
      ['data', '/yes'],
      ['none', undefined],
    ],
  );

  const [first, second, third] = config.groups;
  assert.equal(config.groups.length, 3);
  assert.deepEqual([first?.name, second?.name, third?.name], ['group_1', 'other', 'third']);
  assert.deepEqual([first?.myName, second?.myName, third?.myName], ['myalias', 'me', undefined]);
  assert.deepEqual([first?.slaveHere, second?.slaveHere], [false, true]);
  assert.deepEqual(
    first?.hosts.map(({ name, slave, onLeft }) => [name, slave, onLeft]),
    [
      ['eins', false, true],
      ['two', true, false],
      ['drei', true, false],
      ['four', false, false],
    ],
  );
  assert.deepEqual(
    first?.patterns.map(
      ({ action, class: kind, text, place }) =>
        `${action} ${kind} ${text} ${place.file}:${place.line}`,
    ),
    [
      'include path /a /etc/csync2.cfg:12',
      'include path / /etc/csync2.cfg:12',
      'include path /with blank /etc/csync2.cfg:12',
      'include path /more /etc/more.cfg:1',
      'exclude basename *.tmp /etc/csync2.cfg:13',
      'exclude path %data%/x /etc/csync2.cfg:13',
      'exclude basename b/c /etc/csync2.cfg:13',
      'include path /one /etc/csync2.cfg:14',
      'include path /two /etc/csync2.cfg:14',
      'compare path /three /etc/csync2.cfg:14',
    ],
  );
  assert.deepEqual([first?.keyFile, second?.keyFile], ['/etc/csync2.key', '/etc/csync2.key']);
  assert.deepEqual([first?.auto, second?.auto], ['younger', 'none']);
  assert.deepEqual([first?.backupDirectory?.toString(), first?.backupGenerations], ['/b', -2]);
  assert.deepEqual([second?.backupDirectory, second?.backupGenerations], [undefined, 3]);
  const [action, empty] = first?.actions ?? [];
  assert.deepEqual(action?.patterns.map(String), ['/a/*', 'x y']);
  assert.deepEqual(action?.commands.map(String), ['a; b', 'c']);
  assert.deepEqual(
    [String(action?.logFile), action?.local, action?.localOnly],
    ['/log', true, true],
  );
  assert.deepEqual(
    [String(empty?.logFile), empty?.local, empty?.localOnly],
    ['/dev/null', false, false],
  );
});

test('numbers are read as atoi(3) reads them', () => {
  const timeout = (text: string) =>
    configOf(`lock-timeout "${text}"; group { host me; key csync2.key; }`).lockTimeout;
  assert.deepEqual(
    ['7', ' +8x', 'x', '-1', '4294967297', '99999999999999999999'].map(timeout),
    [7, 8, 0, 4294967295, 1, 4294967295],
  );
});

const group = (statements: string) => `group g {\n${statements}\nhost me; key csync2.key; }`;

const refusals: readonly [text: string, refusal: string][] = [
  [
    'group g{ host me; }',
    '/etc/csync2.cfg:1: found `host` where csync2 expects { after `group` | a brace can be part of a name: put blanks around the one in "g{"',
  ],
  [
    'group g {\n  incldue /srv;\n}',
    '/etc/csync2.cfg:2: found "incldue" where csync2 expects a statement or } in the group | did you mean include?',
  ],
  [
    'groups g { }',
    '/etc/csync2.cfg:1: found "groups" where csync2 expects a statement or a group | did you mean group?',
  ],
  [
    'zebra;',
    '/etc/csync2.cfg:1: found "zebra" where csync2 expects a statement or a group | write a statement or a group (group, prefix, nossl, database, tempdir, lock-timeout, ignore, no-cygwin-lowercase)',
  ],
  [
    group('host me\ninclude /srv;'),
    '/etc/csync2.cfg:3: found `include` where csync2 expects ; at the end of the statement | end the statement before `include` with ;, or quote "include" if it is a name: it is a reserved word',
  ],
  [
    group('tempdir /tmp;'),
    '/etc/csync2.cfg:2: found `tempdir` where csync2 expects a statement or } in the group | `tempdir` cannot stand here: it belongs elsewhere, or a } is missing or too many',
  ],
  [
    `${group('')};`,
    '/etc/csync2.cfg:3: found `;` where csync2 expects a statement or a group | there is no ; after }',
  ],
  [
    'prefix p { on me:/srv; }',
    '/etc/csync2.cfg:1: found `;` where csync2 expects : after the hosts | a colon can be part of a name: put a blank after the one in "me:/srv"',
  ],
  [
    'prefix p { on me: srv; }',
    '/etc/csync2.cfg:1: the path of a prefix must be absolute: "srv" | begin it with /',
  ],
  [
    'group g {',
    '/etc/csync2.cfg:1: found the end of the file where csync2 expects a statement or } in the group | write a statement or } in the group (host, include, exclude, compare, key, auto, backup-directory, backup-generations, action)',
  ],
  [
    group('host (a;'),
    '/etc/csync2.cfg:2: found `;` where csync2 expects ) after the hosts that only receive | write ) after the hosts that only receive',
  ],
  [
    group('host a@;'),
    '/etc/csync2.cfg:2: found `;` where csync2 expects a name after @ | write a name after @',
  ],
  [
    group('key csync2.key;'),
    '/etc/csync2.cfg:3: group g has two keys | keep one `key FILE;` in each group',
  ],
  [
    group('auto none; auto none;'),
    '/etc/csync2.cfg:2: group g has two auto settings | keep one `auto METHOD;` in each group',
  ],
  [
    group('auto youngest;'),
    '/etc/csync2.cfg:2: unknown auto setting "youngest" | did you mean younger?',
  ],
  [
    group('auto zebra;'),
    '/etc/csync2.cfg:2: unknown auto setting "zebra" | use one of none, first, younger, older, bigger, smaller, left, right',
  ],
  [
    '\ngroup g { host me; }',
    '/etc/csync2.cfg:2: group g has no key | create one with `csync2 -k FILE`, copy it to every host and add `key FILE;` to the group',
  ],
  ['ignore uid foo', '/etc/csync2.cfg:1: unknown property to ignore: "foo" | use uid, gid or mod'],
  [
    'no-cygwin-lowercase;',
    '/etc/csync2.cfg:1: no-cygwin-lowercase is for csync2 on Cygwin only | remove the statement',
  ],
  [
    group('action { host a; }'),
    '/etc/csync2.cfg:2: found `host` where csync2 expects a statement or } in the action | `host` cannot stand here: it belongs elsewhere, or a } is missing or too many',
  ],
];
for (const [text, refusal] of refusals) {
  test(`refuses ${JSON.stringify(text)}`, () => assert.equal(refusalOf(text), refusal));
}

const keys: readonly [what: string, content: string | undefined, refusal: RegExp][] = [
  [
    'missing',
    undefined,
    /^\/etc\/csync2\.cfg:3: cannot read the key file \/etc\/other\.key: ENOENT.* \| copy it .*csync2 -k \/etc\/other\.key/,
  ],
  ['empty', '', /cannot read the key file \/etc\/other\.key: it is empty/],
  [
    'short',
    `${'k'.repeat(31)}\n`,
    /the key in \/etc\/other\.key has 31 characters; csync2 requires at least 32/,
  ],
  ['long enough', 'k'.repeat(32), /^accepted$/],
  ['with more lines', `${'k'.repeat(32)}\n- - -`, /^accepted$/],
  ['with a wrong character', `${'k'.repeat(32)}-\n`, /character 0x2d is not allowed/],
  [
    'with Windows line endings',
    `${'k'.repeat(32)}\r\n`,
    /character 0x0d is not allowed .* \| the file has Windows line endings/,
  ],
  ['longer than csync2 reads', `${'k'.repeat(1023)}-`, /^accepted$/],
];
for (const [what, content, refusal] of keys) {
  test(`a key file that is ${what}`, () => {
    const files = content === undefined ? {} : { '/etc/other.key': content };
    assert.match(refusalOf('group g { host me;\n\nkey other.key; }', { files }), refusal);
  });
}

test('a host that is in no group is told which hosts there are', () => {
  const refusal = refusalOf('group g { host One@eins two; key csync2.key; }', {
    hostName: 'Box.example.org',
  });
  assert.equal(
    refusal,
    'this host (box.example.org) is in no group of /etc/csync2.cfg; it knows one, two | say which of them this host is with -N NAME, or add `host box.example.org;` to a group',
  );
});

test('a missing configuration, and the names of others', () => {
  assert.match(refusalOf('', { systemDirectory: '/no' }), /^cannot read \/no\/csync2\.cfg: ENOENT/);
  assert.match(refusalOf('', { configName: 'Web' }), /^"Web" is not a configuration name/);
  const files = { '/etc/csync2_web1.cfg': 'group g { host me; key csync2.key; }' };
  assert.equal(configOf('', { configName: 'web1', files }).file, '/etc/csync2_web1.cfg');
});
