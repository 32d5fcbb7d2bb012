import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { messageIds } from '#src/observe/message-ids.js';

test('docs/operations.md names every event', () => {
  const text = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
  const ids = [...text.matchAll(/^\|.*$/gm)].flatMap(([row]) => row.match(/\b[0-9a-f]{32}\b/g) ?? []);
  assert.deepEqual(ids.sort(), Object.values(messageIds).sort());
});
