import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { argumentBytesLimit, argumentChunks } from '#src/sync/check/argument-chunks.js';
import { seededRandom } from '../../support/csync2-random.js';

const cost = (path: Buffer) => path.length + 1 + 8;

describe('argument chunks', () => {
  test('no paths, no chunk', () => {
    assert.deepEqual([...argumentChunks([])], []);
  });

  test('what fits stays together', () => {
    const paths = Array.from({ length: 100 }, (_, index) => Buffer.from(`/srv/${index}`));
    assert.deepEqual([...argumentChunks(paths)], [paths]);
  });

  test('exactly full is one chunk, one byte more is two', () => {
    const paths = [Buffer.alloc(11, 'a'), Buffer.alloc(21, 'b')];
    assert.equal([...argumentChunks(paths, 20 + 30)].length, 1);
    assert.equal([...argumentChunks(paths, 20 + 29)].length, 2);
  });

  test('a path above the limit stands alone and is not lost', () => {
    const paths = [Buffer.from('/a'), Buffer.alloc(500, 'b'), Buffer.from('/c')];
    assert.deepEqual([...argumentChunks(paths, 100)], [[paths[0]], [paths[1]], [paths[2]]]);
  });

  test('all paths in order, no chunk empty or over the limit, none that could have taken the next path', (context) => {
    const random = seededRandom(context);
    for (let round = 0; round < 200; round++) {
      const limit = 40 + random.below(400);
      const paths = Array.from({ length: random.below(60) }, () => random.name(60));
      const chunks = [...argumentChunks(paths, limit)];
      assert.deepEqual(chunks.flat(), paths);
      for (const [index, chunk] of chunks.entries()) {
        const bytes = chunk.reduce((sum, path) => sum + cost(path), 0);
        assert.ok(chunk.length === 1 || bytes <= limit);
        const next = chunks[index + 1]?.[0];
        if (next) assert.ok(bytes + cost(next) > limit);
      }
    }
  });

  test('a full chunk is taken by execve, with a long environment beside it', () => {
    const paths = Array.from({ length: 40_000 }, (_, index) =>
      Buffer.from(`/${String(index).padStart(130, 'x')}`),
    );
    const [chunk] = [...argumentChunks(paths)];
    assert.ok(chunk && chunk.length < paths.length);
    const env = Object.fromEntries(
      Array.from({ length: 8 }, (_, index) => [`LONG${index}`, 'v'.repeat(60_000)]),
    );
    const result = spawnSync('/bin/true', chunk.map(String), { env });
    assert.equal(result.error, undefined);
    assert.equal(result.status, 0);
    assert.ok(argumentBytesLimit < 2 * 1024 * 1024);
  });

  test('paths of one byte: pointers count', () => {
    const paths = Array.from({ length: 300_000 }, () => Buffer.from('/'));
    const [chunk] = [...argumentChunks(paths)];
    assert.equal(spawnSync('/bin/true', (chunk ?? []).map(String)).error, undefined);
  });
});
