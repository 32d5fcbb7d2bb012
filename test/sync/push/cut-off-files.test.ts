import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PendingRow } from '#src/csync2/database/pending-table.js';
import { PushTranscript } from '#src/csync2/run/push-transcript.js';
import { CutOffFiles } from '#src/sync/push/cut-off-files.js';

const row = (name: string): PendingRow => ({
  rowid: 1,
  encoded: Buffer.from(name),
  myName: Buffer.from('web1'),
  forced: 0,
});

test('a file that was cut off counts for a minute, or until it has been sent', () => {
  const killed = new PushTranscript();
  for (const text of ['Connecting to host web2 (PLAIN) ...', 'Updating /b on web2 ...']) {
    killed.add({ at: 0, kind: 'said', text });
  }
  const files = new CutOffFiles();
  const cutOff = () => files.pushed(killed, { sent: [], left: [row('/b'), row('/c')] }, 1000);
  cutOff();
  assert.deepEqual(
    [files.isRecent(row('/b'), 60_999), files.isRecent(row('/c'), 1000)],
    [true, false],
  );
  assert.equal(files.isRecent(row('/b'), 61_000), false);
  cutOff();
  files.pushed(new PushTranscript(), { sent: [row('/b')], left: [] }, 2000);
  assert.equal(files.isRecent(row('/b'), 2000), false);
});
