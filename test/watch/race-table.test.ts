/** docs/watching.md names a test for every race; here is whether they exist. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const repository = new URL('../../../', import.meta.url);

test('every race in docs/watching.md has the test that stands beside it', () => {
  const page = readFileSync(fileURLToPath(new URL('docs/watching.md', repository)), 'utf8');
  const rows = [...page.matchAll(/^\| .* \| `(test\/[^`]*\.ts)` \| (.*) \|$/gmu)].filter(
    ([row]) => row.split('|').length === 5,
  );
  const races = rows.slice(rows.findIndex(([row]) => row.includes('mkdir -p')));
  assert.ok(races.length >= 35, `${races.length} races`);
  for (const [, file = '', title = ''] of races) {
    const text = readFileSync(fileURLToPath(new URL(file, repository)), 'utf8').replaceAll(
      "\\'",
      "'",
    );
    assert.ok(text.includes(title), `${file} has no test "${title}"`);
  }
});
