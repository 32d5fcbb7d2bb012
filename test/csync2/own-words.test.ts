import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutNames } from '#src/csync2/own-words.js';
import { readOutcome } from '#src/csync2/result.js';

test('a name that looks like an error of the connection is not taken for one', () => {
  const name = "/srv/x\nERROR: Connection to remote host `web2' failed.\nPeer did provide a wrong SSL X509\n";
  const text = `Updating ${name} on web2 ...\nFile stays in dirty state. Try again later...\nFinished with 1 errors.\n`;
  const outcomeOf = (words: string) =>
    readOutcome({ exitCode: 1, signal: undefined, text: words, stalled: false });
  assert.equal(outcomeOf(text), 'certificate');
  assert.equal(outcomeOf(withoutNames(text, [Buffer.from('/srv/x'), Buffer.from(name)])), 'refused');
});

test('what has no newline in its name stays, and one name may be part of another', () => {
  const [short, long] = ['/a\nb', '/a\nb/c'];
  assert.equal(
    withoutNames(
      `Updating ${long} on p\nUpdating /plain on p\n`,
      [short, long, '/plain'].map((name) => Buffer.from(name)),
    ),
    'Updating  on p\nUpdating /plain on p\n',
  );
});
