/** The library that csync2's server is loaded with, called by a program in its place. */
import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { preloadPath } from '#src/native.js';
import { mustRun } from '../support/command.js';

/** What a program in Python needs to call the C library as csync2 does. */
const prelude = `
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.fdopen.restype = libc.fopen.restype = ctypes.c_void_p
libc.fputs.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
libc.fclose.argtypes = [ctypes.c_void_p]
def call(name, *arguments):
    result = getattr(libc, name)(*arguments)
    return 0 if result not in (-1, None) else ctypes.get_errno()
def receive(path, meanwhile=lambda: None):
    directory, name = os.path.split(path)
    own = ctypes.create_string_buffer((directory + '/.' + name + '.XXXXXX').encode())
    file = libc.mkstemp(own)
    if file < 0: return ctypes.get_errno()
    stream = libc.fdopen(file, b'w+')
    libc.fputs(b'received', stream)
    meanwhile()
    result = call('rename', own.value, path.encode())
    libc.fclose(stream)
    return result
`;

test('a file that can not be moved to its place leaves nothing behind', async (context) => {
  const { tree, run } = makeTree(context);
  mkdirSync(join(tree, 'moved'));
  mkdirSync(join(tree, 'occupied/file'), { recursive: true });
  const said = await run(`
    print(receive(tree + '/moved/file', lambda: os.rename(tree + '/moved', tree + '/there')))
    print(receive(tree + '/occupied/file'))
    print(receive(tree + '/file'))
  `);
  assert.deepEqual(said, ['2', '21', '0'], 'ENOENT, EISDIR and nothing wrong');
  const names = readdirSync(tree, { recursive: true }).map(String).sort();
  assert.deepEqual(names, ['file', 'occupied', 'occupied/file', 'there']);
  assert.equal(readFileSync(join(tree, 'file'), 'latin1'), 'received');
});

test('behind a link there is nothing', async (context) => {
  const { tree, outside, run } = makeTree(context);
  mkdirSync(join(outside, 'below'));
  writeFileSync(join(outside, 'file'), 'as it was', { mode: 0o640 });
  symlinkSync(outside, join(tree, 'link'));
  symlinkSync(join(outside, 'file'), join(tree, 'last'));
  const behind = await run(`
    at = lambda name: (tree + '/link/' + name).encode()
    status = ctypes.create_string_buffer(512)
    print(receive(tree + '/link/file'))
    print(receive(tree + '/link/below/deep/file'))
    for words in [('lstat', at('file'), status), ('stat', at('file'), status),
                  ('unlink', at('file')), ('rmdir', at('below')), ('mkdir', at('new'), 0o700),
                  ('mknod', at('new'), 0o10600, 0), ('symlink', b'/', at('new')),
                  ('chmod', at('file'), 0o777), ('chown', at('file'), 1, 1),
                  ('lchown', at('file'), 1, 1), ('utime', at('file'), None),
                  ('fopen', at('file'), b'rb'), ('fopen', at('file'), b'wb'),
                  ('rename', at('file'), tree.encode() + b'/stolen'),
                  ('readlink', at('file'), status, 512)]:
        print(call(*words))
  `);
  assert.deepEqual([...new Set(behind)], ['2'], 'ENOENT throughout');
  assert.equal(behind.length, 17);
  const above = await run(`
    print(call('mkdir', (tree + '/../outside/made').encode(), 0o700))
    print(receive(tree + '/../outside/made'))
  `);
  assert.deepEqual(above, ['2', '2'], 'nor is there anything above the tree');
  // The last part of a path may be a link; what it leads to is left alone.
  await run(`
    last = (tree + '/last').encode()
    for words in [('chmod', last, 0o777), ('chown', last, 1, 1), ('utime', last, None),
                  ('fopen', last, b'rb'), ('fopen', last, b'wb')]:
        call(*words)
  `);
  assert.deepEqual(readdirSync(tree).sort(), ['last', 'link']);
  assert.deepEqual(readdirSync(outside).sort(), ['below', 'file']);
  assert.equal(readFileSync(join(outside, 'file'), 'latin1'), 'as it was');
  const stat = await mustRun(['stat', '-c', '%a %u', join(outside, 'file')]);
  assert.equal(stat, `640 ${process.getuid?.()}\n`);
});

test('in no tree, links are followed as ever', async (context) => {
  const { tree, outside, run } = makeTree(context);
  symlinkSync(tree, join(outside, 'link'));
  const said = await run(`
    print(receive(outside + '/link/file'))
    print(call('fopen', (outside + '/link/file').encode(), b'rb'))
  `);
  assert.deepEqual(said, ['0', '0']);
  assert.equal(readFileSync(join(tree, 'file'), 'latin1'), 'received');
});

/** A tree, and a directory beside it; `run` runs a program with the library. */
function makeTree(context: TestContext) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'preload-test-')));
  context.after(() => rmSync(folder, { recursive: true }));
  const [tree, outside, trees] = ['tree', 'outside', 'trees'].map((name) => join(folder, name));
  for (const directory of [tree, outside] as string[]) mkdirSync(directory);
  writeFileSync(trees as string, `/nowhere\0${tree}\0`);
  const run = async (program: string): Promise<string[]> => {
    const places = `tree, outside = ${JSON.stringify(tree)}, ${JSON.stringify(outside)}\n`;
    const text = prelude + places + program.replace(/^ {4}/gm, '');
    const env = {
      PATH: process.env.PATH,
      LD_PRELOAD: preloadPath(),
      INOTIFY_CSYNC_TREES: trees,
    };
    const said = await mustRun(['/usr/bin/python3', '-c', text], { env });
    return said.split('\n').filter((line) => line !== '');
  };
  return { tree: tree as string, outside: outside as string, run };
}
