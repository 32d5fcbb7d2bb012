import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '#src/csync2/cfg/load.js';
import { CheckRules } from '#src/csync2/check/check-rules.js';

function rulesOf(text: string): CheckRules {
  const readFile = (path: string) => Buffer.from(path.endsWith('/k') ? 'k'.repeat(64) : text);
  return new CheckRules(loadConfig({ systemDirectory: '/etc', hostName: 'own', readFile }));
}

function peersOf(rules: CheckRules, name: string): string[] {
  return rules.judge(Buffer.from(name)).peers.map((peer) => `${peer.name} ${peer.myName}`);
}

test('groups are asked from the last to the first, and each peer counts once', () => {
  const rules = rulesOf(`
    group { host own@first b a (s); key k; include /srv; }
    group { host other c; key k; include /srv; }
    group { host c own a; key k; include /srv; exclude /srv/x; }`);
  assert.deepEqual(peersOf(rules, '/srv/y'), ['c own', 'a own', 'b first', 's first']);
  assert.deepEqual(peersOf(rules, '/srv/x'), ['b first', 'a first', 's first']);
  assert.deepEqual(peersOf(rules, '/etc'), []);
});

test('what is selected, what lies above it, and what csync2 knows nothing of', () => {
  const rules = rulesOf('group { host own b; key k; include /srv/a; compare /srv/c; }');
  const judge = (name: string) => {
    const { isKnown, isSelected } = rules.judge(Buffer.from(name));
    return [isKnown, isSelected];
  };
  assert.deepEqual(judge('/srv/a/x'), [true, true]);
  assert.deepEqual(judge('/srv'), [true, false]);
  assert.deepEqual(judge('/srv/b'), [false, false]);
  assert.deepEqual(judge('/srv/c'), [false, false]);
});

test('commands that run on this host are told of, where a file concerns them', () => {
  const rules = rulesOf(`
    group { host own b; key k; include /a; action { exec "x"; } }
    group { host own b; key k; include /b; action { exec "x"; do-local; } }
    group { host own b; key k; include /c; action { exec "x"; do-local-only; } }`);
  const runs = (name: string) => rules.judge(Buffer.from(name)).runsCommands;
  assert.deepEqual(['/a', '/b/x', '/c', '/d'].map(runs), [false, true, true, false]);
});

test('prefixes that stand for more than one path are not clear', () => {
  const group = 'group { host own b; key k; include /a; }';
  const isClear = (prefixes: string) => rulesOf(`${prefixes} ${group}`).areClear;
  assert.ok(isClear('prefix p { on own: /a; } prefix q { on own: /a; }'));
  assert.ok(isClear('prefix p { on own: /a; } prefix p { on other: /b; }'));
  assert.ok(!isClear('prefix p { on own: /a; } prefix p { on own: /b; }'));
  assert.ok(!isClear('prefix p%q { on own: /a; }'));
  assert.ok(!isClear('prefix p/q { on own: /a; }'));
});
