import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Csync2OptionError,
  parseCsync2Options,
  wordsOfOption,
} from '#src/config/csync2-options.js';

const accepted: [args: string[], expected: object][] = [
  [[], { rest: [] }],
  [['-N', 'web1'], { hostName: 'web1', rest: [] }],
  [['-Nweb1'], { hostName: 'web1', rest: [] }],
  [['-AN', 'web1', '-B'], { hostName: 'web1', rest: ['-A', '-B'] }],
  [['-ABFNweb1'], { hostName: 'web1', rest: ['-A', '-B', '-F'] }],
  [['-N', 'a', '-N', 'b'], { hostName: 'b', rest: [] }],
  [['-D', '/var/lib/x'], { database: '/var/lib/x', rest: [] }],
  [['-Dpgsql://u:p@h/db'], { database: 'pgsql://u:p@h/db', rest: [] }],
  [['-C', 'blue', '-p', '30999'], { configName: 'blue', port: '30999', rest: [] }],
  [['-G', 'one,two'], { rest: ['-G', 'one,two'] }],
  [['-Gone', '-A'], { rest: ['-G', 'one', '-A'] }],
  [['-N', '::1', '--'], { hostName: '::1', rest: [] }],
];

for (const [args, expected] of accepted) {
  test(`passed on: ${args.join(' ')}`, () => assert.deepEqual(parseCsync2Options(args), expected));
}

const refused: [args: string[], message: RegExp][] = [
  [['-c'], /-c is not allowed: inotify-csync decides what/],
  [['-Ax'], /-x is not allowed/],
  [['-ii'], /-i is not allowed/],
  [['-P', 'web2'], /-P is not allowed: inotify-csync updates each peer/],
  [['-t'], /-t is not allowed/],
  [['-s', '/x'], /-s is not allowed/],
  [['-v'], /-v is not allowed: .*--log-level/],
  [['-I'], /-I is not allowed/],
  [['-d'], /no change would reach a peer/],
  [['-l'], /-l is not allowed/],
  [['-z'], /csync2 has no option -z/],
  [['-?'], /csync2 has no option -\?/],
  [['-é'], /csync2 has no option/],
  [['--recursive'], /"--recursive" is not an option of csync2/],
  [['file'], /"file" is not an option/],
  [['-'], /"-" is not an option/],
  [['--', 'file'], /"--" is not an option/],
  [['-A', ''], /"" is not an option/],
  [['-N'], /-N requires this host's name: the value is missing/],
  [['-N', '-A'], /-N requires this host's name: not "-A"/],
  [['-C', 'Blue'], /-C requires a name of lower-case letters and digits/],
  [['-D', 'relative'], /-D requires the directory or URL/],
  [['-p', '1 2'], /-p requires a port/],
];

for (const [args, message] of refused) {
  test(`refused: ${args.join(' ')}`, () => {
    assert.throws(
      () => parseCsync2Options(args),
      (error) => {
        assert.ok(error instanceof Csync2OptionError);
        assert.match(error.message, message);
        assert.equal(error.exitCode, 64);
        assert.ok(error.hint);
        return true;
      },
    );
  });
}

test('how many words an option takes', () => {
  const cases: [args: string[], words: number][] = [
    [['-N', 'a', 'b'], 2],
    [['-Na', 'b'], 1],
    [['-AN', 'a'], 2],
    [['-A', 'a'], 1],
    [['-N'], 1],
    [['-P', 'web2'], 2],
    [['-z', 'a'], 1],
  ];
  for (const [args, words] of cases) assert.equal(wordsOfOption(args), words, args.join(' '));
});
