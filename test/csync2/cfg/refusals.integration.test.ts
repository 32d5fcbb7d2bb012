import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ConfigFault, CsyncConfigError, HostNotInGroupError } from '#src/csync2/cfg/errors.js';
import { loadConfig } from '#src/csync2/cfg/load.js';
import { Random, seed } from './random.js';
import { randomConfig } from './random-config.js';
import { World } from './world.js';

const configurations = 2 * Number(process.env.CONFIGURATIONS ?? 150);
const unavailable = World.unavailable();
let world: World;

before(() => {
  if (unavailable) return;
  world = new World();
  world.write('/etc/short.key', `${'k'.repeat(31)}\n`);
  world.write('/etc/wrong.key', `${'k'.repeat(40)}-\n`);
  world.write('/etc/windows.key', `${'k'.repeat(40)}\r\n`);
  world.write('/etc/empty.key', '');
  world.write('/etc/newline.key', '\n');
  world.write('/etc/nul.key', `${'k'.repeat(40)}\0-\n`);
  world.write('/etc/long.key', `${'k'.repeat(2000)}\n`);
  world.write('/etc/again.cfg', 'config /etc/again.cfg;');
  world.write('/etc/open.cfg', '"never closed');
  world.write('/etc/half.cfg', 'include /t /u');
  world.write('/etc/config-at-end.cfg', 'config');
});
after(() => {
  if (!unavailable) world.remove();
});

const messages: readonly [RegExp, ConfigFault | 'notAMember'][] = [
  [/^Near line (\d+): syntax error$/m, 'syntax'],
  [/^Near line (\d+): memory exhausted$/m, 'parserStack'],
  [/^Config error: a group might only have one key\./m, 'keyTwice'],
  [/^Config error: Can't read keyfile /m, 'keyUnreadable'],
  [/^Unallowed character '/m, 'keyCharacter'],
  [/^Config error: Key in file .* is too short\./m, 'keyShort'],
  [/^Config error: every group must have a key\./m, 'keyMissing'],
  [/^Config error: a group might only have one auto-setting\./m, 'autoTwice'],
  [/^Config error: Unknown auto-setting /m, 'autoUnknown'],
  [/^Config error: Prefix '.*' is not an absolute path\./ms, 'prefixRelative'],
  [/^Config error: Unknown 'ignore' porperty: /m, 'ignoreUnknown'],
  [/^Config error: Found 'nocygwinlowercase' /m, 'cygwinOnly'],
  [/^Can't open included config file '|^input in flex scanner failed/m, 'includeMissing'],
  [/^Config includes nested too deeply\./m, 'includeDepth'],
  [/^This host \(.*\) is not a member of any configured group\./m, 'notAMember'],
];

/**
 * What csync2 says of the configuration in the world: the fault, with its line if it names one, or
 * `accepted`.
 */
function csync2Says(where: string): string {
  const run = world.csync2('-N', 'me', '-vv', '-c', '/nothing/here');
  for (const [message, fault] of messages) {
    const match = message.exec(run.errors);
    if (match) return match[1] ? `${fault} near line ${match[1]}` : fault;
  }
  assert.equal(run.code, 0, `${where}csync2 ended with ${run.code}: ${run.errors}`);
  const prefixes = [...run.errors.matchAll(/^Prefix '([^']*)' is set to '([^']*)'\.$/gm)];
  return ['accepted', ...prefixes.map(([, name, path]) => `${name}=${path}`)].join(' ');
}

function weSay(): string {
  try {
    const config = loadConfig({ systemDirectory: '/etc', hostName: 'me', readFile: world.read });
    const prefixes = config.prefixes.filter(({ path }) => path);
    return [
      'accepted',
      ...prefixes.map(({ name, path }) => `${name.toString('latin1')}=${path?.toString('latin1')}`),
    ].join(' ');
  } catch (error) {
    if (error instanceof HostNotInGroupError) return 'notAMember';
    assert.ok(error instanceof CsyncConfigError, String(error));
    return error.csync2Line === undefined
      ? error.fault
      : `${error.fault} near line ${error.csync2Line}`;
  }
}

test(
  `csync2 accepts and refuses the same, in ${configurations} mutilated configurations`,
  {
    skip: unavailable ?? false,
  },
  (context) => {
    const counts = new Map<string, number>();
    for (let index = 0; index < configurations; index += 1) {
      const random = new Random(seed * 1_000_003 + 700_000_000 + index);
      const { files } = randomConfig(random);
      for (const [path, content] of files) {
        const mutilated = mutilate(random, content);
        world.write(path, Buffer.from(mutilated, 'latin1'));
      }
      const where = `SEED=${seed}, mutilated configuration ${index}:\n${[...files.keys()].map((path) => `--- ${path}\n${world.read(path).toString('latin1')}`).join('\n')}\n---\n`;
      const theirs = csync2Says(where);
      assert.equal(weSay(), theirs, where);
      const kind = theirs.split(' ')[0] as string;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    context.diagnostic(JSON.stringify({ seed, ...Object.fromEntries(counts) }));
  },
);

// Each shape holds one list in which csync2's parser keeps every element on its stack.
const shapes: Record<string, (count: number) => string> = {
  statements: (count) =>
    `group g {\nhost me;\nkey csync2.key;\n${'include /t;\n'.repeat(count)}}\n`,
  'statements with names': (count) =>
    `group g {\nhost me;\nkey csync2.key;\n${'exclude a b;\n'.repeat(count)}host x@y;}\n`,
  blocks: (count) => `group { host me; key csync2.key; }\n${'lock-timeout 3;\n'.repeat(count)}`,
  'ignored properties': (count) =>
    `group { host me; key csync2.key; }\nignore\n${'uid\n'.repeat(count)};`,
  'action statements': (count) =>
    `group { host me; key csync2.key; action {\n${'do-local;\n'.repeat(count)}} }`,
  actions: (count) => `group { host me; key csync2.key;\n${'action { exec x; }\n'.repeat(count)}}`,
  'names of one statement': (count) =>
    `group { host me; key csync2.key; include\n${'/a\n'.repeat(count)};}`,
  parentheses: (count) => `group { key csync2.key; host me\n${'(a)\n'.repeat(count)};}`,
};

for (const [name, shape] of Object.entries(shapes)) {
  test(
    `as many ${name} as csync2's parser has room for`,
    { skip: unavailable ?? false },
    (context) => {
      const says = (count: number): [string, string] => {
        world.write('/etc/csync2.cfg', shape(count));
        return [weSay(), csync2Says(name)];
      };
      let accepted = 1;
      let refused = 20_000;
      while (refused - accepted > 1) {
        const middle = (accepted + refused) >> 1;
        world.write('/etc/csync2.cfg', shape(middle));
        if (weSay() === 'accepted') accepted = middle;
        else refused = middle;
      }
      for (const count of [accepted, refused]) {
        const [ours, theirs] = says(count);
        assert.equal(ours, theirs, `${count} ${name}`);
      }
      context.diagnostic(`accepts ${accepted}`);
    },
  );
}

const pieces = [
  '{',
  '}',
  '(',
  ')',
  ';',
  ':',
  '@',
  '"',
  '#',
  '\n',
  '\r',
  ' ',
  '\t',
  '\v',
  '\f',
  '\0',
  '\\',
  'x',
  '""',
  '" "',
  '::',
  'a:',
  ':a',
  '{}',
  'a{',
  '}a',
  ' host ',
  ' include ',
  ' exclude ',
  ' compare ',
  ' key ',
  ' key short.key ',
  ' key /etc/wrong.key;',
  ' key windows.key ',
  'key empty.key;',
  'key newline.key;',
  'key nul.key;',
  'key long.key;',
  'key missing.key;',
  'key /etc;',
  ' key csync2.key;',
  ' auto none;',
  ' auto "younger";',
  ' auto youngest;',
  ' action { } ',
  ' action { do-local-only; logfile /l; }',
  ' prefix ',
  ' on ',
  ' on me : t;',
  ' on m* : /t/;',
  ' group ',
  ' group { key csync2.key; host me; }\n',
  ' ignore uid;',
  ' ignore foo bar;',
  ' ignore foo',
  ' nossl ',
  ' nossl a b;',
  ' database x;',
  ' tempdir;',
  ' lock-timeout ',
  ' no-cygwin-lowercase;',
  ' no-cygwin-lowercase ',
  ' config ',
  ' config /etc/nothing.cfg;',
  ' config /etc;',
  ' config /etc/again.cfg;',
  ' config /etc/open.cfg;',
  ' config /etc/half.cfg;',
  ' config etc/half.cfg /etc/half.cfg\n;',
  ' config /etc/config-at-end.cfg;',
  ' config;',
  ' config "x";',
  ' include config /etc/half.cfg; /a;',
  'do-local',
  'backup-generations 7;',
  'backup-directory "/a b";',
  'pattern',
  'exec',
  'logfile',
  'configs',
  'do-locally',
  'GROUP',
  '\xff',
  ' ( me ) ',
  ' ( me@you x ) ',
  ' me ',
  'me@',
  '@me',
  ' ( ( me ) ) ',
];

function mutilate(random: Random, text: string): string {
  let result = text;
  for (let count = random.pick([0, 1, 1, 1, 2, 4]); count > 0; count -= 1) {
    const at = random.below(result.length + 1);
    const kind = random.below(10);
    if (kind < 5) result = result.slice(0, at) + random.pick(pieces) + result.slice(at);
    else if (kind < 8)
      result = result.slice(0, at) + result.slice(at + 1 + random.below(random.pick([1, 1, 8])));
    else if (kind < 9)
      result = result.slice(0, at) + result.slice(Math.max(0, at - random.below(30)));
    else if (random.chance(30)) result = result.slice(0, at);
  }
  return result;
}
