import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../man/', import.meta.url));
const script = fileURLToPath(new URL('../../../scripts/lib/man-parts.mjs', import.meta.url));
const pages = readdirSync(folder).sort();

test('there is a page for the program, its settings and its service', () => {
  assert.deepEqual(pages, ['inotify-csync.1', 'inotify-csync.service.8', 'inotify-csync.toml.5']);
});

for (const page of pages) {
  test(`${page} says what the program says`, () => {
    const fresh = execFileSync(process.execPath, [script, folder + page], { encoding: 'utf8' });
    const remedy = `run: node scripts/lib/man-parts.mjs --write man/${page}`;
    assert.equal(readFileSync(folder + page, 'utf8'), fresh, remedy);
  });

  test(`${page} is sound`, (context) => {
    const words = ['-T', 'lint', '-W', 'warning', folder + page];
    const { error, stdout } = spawnSync('mandoc', words, { encoding: 'utf8' });
    if (error) {
      context.skip('mandoc is not installed');
      return;
    }
    // The date is left to the package.
    const found = stdout
      .split('\n')
      .filter((line) => line !== '' && !line.includes('missing date'));
    assert.deepEqual(found, []);
  });
}
