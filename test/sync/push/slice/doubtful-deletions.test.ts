import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { PushedRow } from '#src/csync2/database/private-database.js';
import { encodeName } from '#src/csync2/files/name-encoding.js';
import { PushTranscript } from '#src/csync2/run/push-transcript.js';
import { DoubtfulDeletions } from '#src/sync/push/slice/doubtful-deletions.js';
import { PendingFiles } from '#src/sync/push/slice/pending-files.js';
import { isWithin } from '#src/text/path-bytes.js';

describe('what a push may have deleted', () => {
  test('a file that is there although csync2 has deleted it on the peer stays pending, again and again not', (context) => {
    const { write, sent } = setUp(context);
    write('there');
    assert.deepEqual(sent(['there', 'gone'], ['there', 'gone']), ['gone']);
    assert.deepEqual(sent(['there'], []), ['there']);
    for (let time = 0; time < 3; time++) assert.deepEqual(sent(['there'], ['there']), []);
    assert.deepEqual(sent(['there'], ['there']), ['there'], 'csync2 has a reason of its own');
  });

  test('names with newlines and of any bytes, and names that only look as if csync2 had said something', (context) => {
    const { write, sent } = setUp(context);
    const hostile = ['new\nline', 'x on web2 ...\nDeleting y', '\xff\xfe', "quote's %41"];
    for (const name of hostile) write(name);
    for (const name of hostile) assert.deepEqual(sent([name], [name]), [], name);
    write('y');
    assert.deepEqual(sent(['y'], ['x on web2 ...\nDeleting y']), ['y']);
  });

  test('below a place that is away nothing counts as sent', (context) => {
    const { write, sent, away } = setUp(context);
    mkdirSync(away);
    write('away/file');
    assert.deepEqual(sent(['away/file', 'away/gone', 'other'], []), ['other']);
  });

  test('what lies behind a link is absent for csync2', (context) => {
    const { write, sent, root } = setUp(context);
    mkdirSync(join(root, 'real'));
    write('real/file');
    symlinkSync('real', join(root, 'link'));
    assert.deepEqual(sent(['link/file'], ['link/file']), ['link/file']);
  });
});

function setUp(context: TestContext) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'doubt-test-')));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const at = (name: string) => join(root, name);
  const away = at('away');
  const doubt = new DoubtfulDeletions({
    files: new PendingFiles([]),
    isHeld: (path) => isWithin(path, Buffer.from(away)),
  });
  const bytes = (name: string) =>
    Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name, 'latin1')]);
  return {
    root,
    away,
    write: (name: string) => {
      if (!name.includes('/') || name.startsWith('away/') || name.startsWith('real/'))
        writeFileSync(bytes(name), '');
    },
    /** Those of these names that count as sent, when csync2 has had some deleted on the peer. */
    sent(names: readonly string[], deleted: readonly string[]): string[] {
      const rows = names.map((name, index): PushedRow => {
        const encoded = encodeName(bytes(name));
        return { rowid: index, encoded, myName: Buffer.from('web1'), forced: 0, seen: 'v1' };
      });
      const outcome = { sent: rows, left: [], missingOnPeer: [], certificates: [] };
      const transcript = new PushTranscript();
      for (const name of names) {
        const what = deleted.includes(name) ? 'Deleting' : 'Updating';
        transcript.add({
          at: 0,
          kind: 'said',
          text: `${what} ${bytes(name).toString('latin1')} on web2 ...`,
        });
      }
      for (const name of deleted.filter((each) => !names.includes(each))) {
        transcript.add({
          at: 0,
          kind: 'said',
          text: `Deleting ${bytes(name).toString('latin1')} on web2 ...`,
        });
      }
      const kept = doubt.without(outcome, transcript.deleted).sent;
      return kept.map(({ rowid }) => names[rowid] ?? '');
    },
  };
}
