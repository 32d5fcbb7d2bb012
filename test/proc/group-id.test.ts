import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { groupId } from '#src/proc/group-id.js';

test('a group is found by its whole name, and nothing is believed that is no number', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'group-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'group');
  writeFileSync(
    file,
    'root:x:0:\n#inotify-csync:x:5:\ninotify-csync-x:x:7:\nbad:x:-1:\nodd\ninotify-csync:x:998:a,b\n',
  );
  assert.equal(groupId('inotify-csync', file), 998);
  assert.equal(groupId('inotify', file), undefined);
  assert.equal(groupId('bad', file), undefined);
  assert.equal(groupId('odd', file), undefined);
  assert.equal(groupId('inotify-csync', join(folder, 'none')), undefined);
  assert.equal(groupId('root'), 0);
});
