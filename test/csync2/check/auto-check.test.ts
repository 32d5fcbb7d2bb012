import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AutoCheck, type AutoCheckParts } from '#src/csync2/check/auto-check.js';
import type { OwnReport } from '#src/csync2/check/own-check.js';
import type { CheckAnswer, CheckRequest } from '#src/csync2/check/path-check.js';

const nothing: OwnReport = { marked: [], done: 0, left: [] };

function setUp(own: AutoCheckParts['own'] | OwnReport) {
  const asked: string[][] = [];
  const told: string[] = [];
  const auto = new AutoCheck({
    own: typeof own === 'object' && 'done' in own ? { run: async () => own } : own,
    program: {
      async run({ mode, paths, recursive }: CheckRequest): Promise<CheckAnswer> {
        asked.push([recursive ? `${mode}r` : mode, ...paths.map(String)]);
        const result = { outcome: 'vanished', exitCode: 1, signal: undefined, said: [] } as const;
        return {
          result: { ...result, stalled: false, seconds: 1 },
          marked: [Buffer.from('/by-csync2')],
          isComplete: true,
        };
      },
    },
    onChecked: (count) => told.push(`checked ${count}`),
    onFallback: (reason, count) => told.push(`${reason} ${count}`),
  });
  const run = async (request: Partial<CheckRequest> & { paths: Buffer[] }) => {
    const { result, marked } = await auto.run({ mode: '-c', recursive: false, ...request });
    return [result.outcome, ...marked.map(String)];
  };
  return { run, asked, told };
}

const paths = ['/a', '/b', '/c'].map((path) => Buffer.from(path));

test('what is checked here is not given to csync2', async () => {
  const { run, asked, told } = setUp({ ...nothing, marked: paths.slice(1), done: 3 });
  assert.deepEqual(await run({ paths }), ['done', '/b', '/c']);
  assert.deepEqual([asked, told], [[], ['checked 3']]);
});

test('what is left over is given to csync2, whose result counts', async () => {
  const left = paths.slice(1).map((path) => ({ path, reason: 'link' }) as const);
  const { run, asked, told } = setUp({ marked: [Buffer.from('/a')], done: 1, left });
  assert.deepEqual(await run({ paths }), ['vanished', '/a', '/by-csync2']);
  assert.deepEqual(asked, [['-c', '/b', '/c']]);
  assert.deepEqual(told, ['checked 1', 'link 2']);
});

test('trees, parts of a full check and a great many paths are given to csync2 as they are', async () => {
  const { run, asked, told } = setUp(nothing);
  await run({ paths, recursive: true });
  await run({ paths, idle: true });
  await run({ paths: Array.from({ length: 201 }, () => Buffer.from('/a')) });
  assert.deepEqual(
    [asked[0], asked[1], asked[2]?.length, told],
    [['-cr', '/a', '/b', '/c'], ['-c', '/a', '/b', '/c'], 202, []],
  );
});

test('where nothing can be checked here, all is given to csync2, with the reason', async () => {
  const { run, asked, told } = setUp('server');
  await run({ paths, mode: '-m' });
  assert.deepEqual([asked, told], [[['-m', '/a', '/b', '/c']], ['server 3']]);
});
