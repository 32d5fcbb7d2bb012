import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DecideElsewhereError,
  NoConflictError,
  NoPartError,
  resolveCommand,
} from '#src/daemon/conflicts/resolve-errors.js';

const path = Buffer.from('/srv/a');

test('what is no conflict says which one is', () => {
  const hint = (above: string | undefined, ...below: readonly string[]) => {
    const around = {
      above: above === undefined ? undefined : Buffer.from(above),
      below: below.map((each) => Buffer.from(each)),
    };
    return new NoConflictError(path, around).hint;
  };
  assert.match(hint('/srv'), /resolve \/srv --keep HOST/);
  assert.match(hint(undefined, '/srv/a/x', '/srv/a/y'), /^below it, \/srv\/a\/x and 1 more is/);
  assert.match(hint(undefined), /`inotify-csync conflicts`/);
});

test('a host that has no part is told from one that is none', () => {
  const parties = ['web1', 'web2'];
  const stranger = new NoPartError(path, 'wbe2', { parties, isPeer: false });
  assert.deepEqual([stranger.exitCode, stranger.hint], [64, 'did you mean web2?']);
  const other = new NoPartError(path, 'web3', { parties, isPeer: true });
  assert.match(other.message, /^web3 has no part/);
  assert.equal(other.hint, 'keep one of: web1, web2, newest');
});

test('a command for another host can be pasted into its shell', () => {
  assert.equal(resolveCommand(path, 'web2'), 'inotify-csync resolve /srv/a --keep web2');
  assert.equal(
    resolveCommand(Buffer.from("/srv/it's $HOME"), 'web2'),
    "inotify-csync resolve '/srv/it'\\''s $HOME' --keep web2",
  );
  assert.equal(new DecideElsewhereError(path, 'web2', ['web3']).exitCode, 69);
});
