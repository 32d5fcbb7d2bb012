import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MarkedPaths } from '#src/csync2/marked-paths.js';

describe('what csync2 says it marks', () => {
  test('names of all kinds, in pieces of any size', () => {
    const names = [
      Buffer.from('/srv/a'),
      Buffer.from('/srv/two\nlines\n'),
      Buffer.from([0x2f, 0xff, 0x20]),
      Buffer.from('/srv/b'),
    ];
    const said = Buffer.concat([
      ...names.flatMap((name) => [Buffer.from('Marking file as dirty: '), name, Buffer.from('\n')]),
      Buffer.from('Connection closed.\nFinished with 0 errors.\n'),
    ]);
    for (let size = 1; size <= said.length; size++) {
      const marked = new MarkedPaths([]);
      for (let at = 0; at < said.length; at += size) marked.add(said.subarray(at, at + size));
      assert.deepEqual(marked.paths, names);
    }
  });

  test('names with a prefix, as paths of this host', () => {
    const marked = new MarkedPaths([{ name: Buffer.from('data'), path: Buffer.from('/srv/data') }]);
    marked.add(Buffer.from('Marking file as dirty: %data%/x\nWARNING: something else\nand more\n'));
    assert.deepEqual(marked.paths.map(String), ['/srv/data/x']);
  });
});
