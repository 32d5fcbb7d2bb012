import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { messageIds } from '#src/observe/message-ids.js';

const file = fileURLToPath(new URL('../../../systemd/inotify-csync.catalog', import.meta.url));
const text = readFileSync(file, 'utf8');
const entries = text
  .split(/^-- /m)
  .slice(1)
  .map((entry) => {
    const [id = '', ...lines] = entry.split('\n');
    return { id, body: lines.join('\n') };
  });

test('every event is explained, and nothing else', () => {
  assert.deepEqual(entries.map(({ id }) => id).sort(), Object.values(messageIds).sort());
});

test('ids are unique and 128 bits', () => {
  const ids = Object.values(messageIds);
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
});

test('each entry has a subject, says what it is about and what to do', () => {
  for (const { id, body } of entries) {
    assert.match(
      body,
      /^Subject: \S.*\nDefined-By: inotify-csync\nDocumentation: (man:\S+ ?)+\n\n\S/,
      id,
    );
    assert.match(body, /\n\nWhat to do: \S/, id);
    const shown = body.split('\n').filter((line) => !line.startsWith('#'));
    for (const line of shown) assert.ok(line.length <= 85, line);
  }
});

test('journalctl takes the catalog', (context) => {
  const root = mkdtempSync(join(tmpdir(), 'catalog-test-'));
  context.after(() => rmSync(root, { recursive: true }));
  for (const folder of ['usr/lib/systemd/catalog', 'var/lib/systemd/catalog']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  writeFileSync(join(root, 'usr/lib/systemd/catalog/inotify-csync.catalog'), text);
  const journalctl = (...words: string[]) =>
    execFileSync('journalctl', ['--root', root, ...words], { encoding: 'utf8', stdio: 'pipe' });
  journalctl('--update-catalog');
  const listed = journalctl('--list-catalog').trim().split('\n');
  assert.equal(listed.length, entries.length, listed.join('\n'));
});
