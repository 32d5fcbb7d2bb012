import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderConflicts } from '#src/cli/commands/conflicts/render.js';
import type { ConflictReply, SideReply } from '#src/observe/control-replies.js';

const side: SideReply = {
  ...{ type: 'file', size: 12, changed: '2026-05-04T21:46:22Z', owner: '0:0', mode: '644' },
  ...{ target: null, entries: null },
};
const conflict: ConflictReply = {
  ...{ path: '/srv/one.txt', peer: 'web2', since_s: 130, subtree: false },
  ...{ here: side, there: { ...side, size: 1, mode: '600' }, error: null },
};
const render = (...conflicts: readonly ConflictReply[]) =>
  renderConflicts({ schema: 1, host: 'web11', conflicts });

test('conflicts are shown with both sides, owner and mode only where they differ', () => {
  assert.equal(
    render(conflict),
    `/srv/one.txt   for 2 min
  web11  file             12 bytes  changed 2026-05-04T21:46:22Z  mode 644
  web2   file               1 byte  changed 2026-05-04T21:46:22Z  mode 600

decide: inotify-csync resolve PATH --keep HOST (or --keep newest)`,
  );
  assert.equal(render(), 'no conflicts');
});

test('a subtree is said to be one conflict, and a peer that does not tell is said so', () => {
  const tree = { ...side, type: 'directory', size: null, entries: 1 };
  const text = render({
    ...conflict,
    subtree: true,
    here: tree,
    there: null,
    error: 'it cannot be reached',
  });
  assert.match(text, /^\/srv\/one.txt {3}for 2 min, one conflict with all below it\n/);
  assert.match(
    text,
    /web11 {2}directory .* 1 name below it\n {2}web2 {3}not known: it cannot be reached\n/,
  );
});
