/**
 * The messages that the catalog, and docs/troubleshooting.md with it, name are messages of the
 * program.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repository } from '../support/documents.js';

const catalog = readFileSync(join(repository, 'systemd/inotify-csync.catalog'), 'utf8');
const sources = readdirSync(join(repository, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(join(repository, 'src', file), 'utf8'))
  .join('\n')
  // As of many.
  .replace(/\$\{counted\([^,]+, '([\w ]+)'\)\}/g, '$1s')
  .replace(/\$\{counted\([^,]+, '[\w ]+', '([\w ]+)'\)\}/g, '$1');

for (const [, message = ''] of catalog.matchAll(/^# Message: (.*)$/gm)) {
  test(`the program says: ${message}`, () => {
    const pieces = piecesOf(message);
    assert.ok(pieces.length > 0, 'no fixed words');
    assert.deepEqual(
      pieces.filter((piece) => !sources.includes(piece)),
      [],
    );
  });
}

test('every event has a message, or is one of another event', () => {
  const entries = catalog.split(/^-- /m).slice(0, -1);
  const without = entries.filter(
    (entry) => !entry.trimEnd().split('\n').at(-1)?.startsWith('# Message: '),
  );
  // The queue says the same whether its disk fails or is full.
  assert.equal(without.length, 1);
});

/**
 * What is between the names and numbers, which are in capitals, and between marks of punctuation.
 */
function piecesOf(message: string): string[] {
  return message
    .split(/\b[A-Z]+\b|[:;,()?"]/)
    .map((piece) => piece.trim().replace(/^(is|was) /, ''))
    .filter((piece) => piece.length >= 4);
}
