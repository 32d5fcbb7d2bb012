/** The pages that are made of the program say what it says. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { messageIds } from '#src/observe/message-ids.js';
import { readPage, repository } from '../support/documents.js';

const script = join(repository, 'scripts/lib/reference.mjs');
const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--print'], {
  encoding: 'utf8',
  maxBuffer: 16 * 1024 * 1024,
});
assert.equal(status, 0, stderr);
const made = new Map(Object.entries(JSON.parse(stdout) as Record<string, string>));

for (const [file, text] of made) {
  test(`${file} is as it is made`, () => {
    const found = existsSync(join(repository, file)) ? readPage(file).text : '';
    assert.equal(found, text, 'run: node scripts/lib/reference.mjs');
  });
}

test('docs/reference has no other pages', () => {
  const files = readdirSync(join(repository, 'docs/reference')).map(
    (file) => `docs/reference/${file}`,
  );
  assert.deepEqual(
    files.filter((file) => !made.has(file)),
    [],
  );
});

test('docs/reference/journal-fields.md names every event', () => {
  const page = made.get('docs/reference/journal-fields.md') ?? '';
  const ids = [...page.matchAll(/^\|.*$/gm)].flatMap(
    ([row]) => row.match(/\b[0-9a-f]{32}\b/g) ?? [],
  );
  assert.deepEqual(ids.sort(), Object.values(messageIds).sort());
});
