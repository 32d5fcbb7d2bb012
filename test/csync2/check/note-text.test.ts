import assert from 'node:assert/strict';
import type { BigIntStats } from 'node:fs';
import { test } from 'node:test';
import { noteText } from '#src/csync2/check/note-text.js';

const all = { uid: false, gid: false, mod: false };
const nowhere = Buffer.alloc(0);

function stat(type: string, fields: Partial<BigIntStats> = {}): BigIntStats {
  const is = (other: string) => () => other === type;
  return {
    ...{ mode: 33_188n, uid: 0n, gid: 0n, size: 5n, rdev: 0n, mtimeNs: 7_000_000_000n },
    ...{ isFile: is('reg'), isDirectory: is('dir'), isSymbolicLink: is('lnk') },
    ...{ isCharacterDevice: is('chr'), isBlockDevice: is('blk'), isFIFO: is('fifo') },
    ...{ isSocket: is('sock'), ...fields },
  } as BigIntStats;
}

function text(...parameters: Parameters<typeof noteText>): string {
  return noteText(...parameters)
    .toString('latin1')
    .replaceAll('%3A', ':');
}

test('each type of file has its note; links and directories have no time', () => {
  const of = (type: string, fields?: Partial<BigIntStats>) =>
    text(stat(type, fields), all, nowhere);
  assert.equal(of('reg'), 'v1:mtime=7:mode=33188:uid=0:gid=0:type=reg:size=5');
  assert.equal(of('dir'), 'v1:mode=33188:uid=0:gid=0:type=dir');
  assert.equal(of('fifo'), 'v1:mtime=7:mode=33188:uid=0:gid=0:type=fifo');
  assert.equal(of('sock'), 'v1:mtime=7:mode=33188:uid=0:gid=0:type=sock');
  assert.equal(of('chr', { rdev: 259n }), 'v1:mtime=7:mode=33188:uid=0:gid=0:type=chr:dev=259');
  assert.equal(of('blk', { rdev: 259n }), 'v1:mtime=7:mode=33188:uid=0:gid=0:type=blk:dev=259');
  assert.equal(of('lnk'), 'v1:mode=33188:uid=0:gid=0:type=lnk:target=');
});

test('a link leads to a target that is escaped twice', () => {
  const target = Buffer.from('a b\xff', 'latin1');
  assert.equal(
    noteText(stat('lnk'), all, target).toString('latin1'),
    'v1%3Amode=33188%3Auid=0%3Agid=0%3Atype=lnk%3Atarget=a%2520b\xff',
  );
});

test('numbers are those of a C int, and times before 1970 go downwards', () => {
  const odd = { uid: 4_294_967_294n, gid: 2_147_483_648n, mtimeNs: -500_000_000n };
  assert.equal(
    text(stat('reg', odd), all, nowhere),
    'v1:mtime=-1:mode=33188:uid=-2:gid=-2147483648:type=reg:size=5',
  );
});

test('what csync2.cfg ignores is left out', () => {
  const ignored = (...names: string[]) =>
    text(
      stat('reg'),
      { ...all, ...Object.fromEntries(names.map((name) => [name, true])) },
      nowhere,
    );
  assert.equal(ignored('uid'), 'v1:mtime=7:mode=33188:gid=0:type=reg:size=5');
  assert.equal(ignored('uid', 'gid', 'mod'), 'v1:mtime=7:type=reg:size=5');
});
