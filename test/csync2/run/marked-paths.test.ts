import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MarkedPaths } from '#src/csync2/run/marked-paths.js';
import type { Message } from '#src/csync2/run/message.js';

const said = (text: string, kind: Message['kind'] = 'said'): Message => ({
  at: 0,
  pid: 1,
  kind,
  text,
});

describe('what csync2 says it marks', () => {
  test('names of all kinds', () => {
    const names = ['/srv/a', '/srv/two\nlines\n', '/srv/\xff ', '/srv/b'];
    const marked = new MarkedPaths([]);
    for (const name of names) marked.add(said(`Marking file as dirty: ${name}`));
    for (const text of ['Connection closed.', 'Finished with 0 errors.']) marked.add(said(text));
    assert.deepEqual(
      marked.paths.map((path) => path.toString('latin1')),
      names,
    );
  });

  test('names with a prefix, as paths of this host', () => {
    const marked = new MarkedPaths([{ name: Buffer.from('data'), path: Buffer.from('/srv/data') }]);
    marked.add(said('Marking file as dirty: %data%/x'));
    marked.add(said('Marking file as dirty: %other%/x'));
    assert.deepEqual(marked.paths.map(String), ['/srv/data/x']);
  });

  test('what is no message of its own counts for nothing', () => {
    const marked = new MarkedPaths([]);
    marked.add(said('Marking file as dirty: /srv/a', 'bare'));
    assert.deepEqual(marked.paths, []);
  });
});
