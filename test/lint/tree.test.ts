/** What is in the repository, beside what the documentation says is there. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

for (const stage of ['src/sync', 'src/csync2']) {
  test(`docs/design.md lists the folders of ${stage}`, () => {
    const design = readFileSync(join(repository, 'docs/design.md'), 'utf8');
    const table = design.slice(design.indexOf(`| \`${stage}/\` |`)).split('\n\n')[0] ?? '';
    const listed = [...table.matchAll(/^\| `([a-z0-9-]+)\/` \|/gm)].map(([, name]) => name);
    const entries = readdirSync(join(repository, stage), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    assert.deepEqual([...listed].sort(), folders.sort());
  });
}

test('every file has a plain name: what a test has left behind is not kept', () => {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: repository, encoding: 'latin1' });
  const strange = files.split('\0').filter((name) => name !== '' && !/^[\w.@/-]+$/.test(name));
  assert.deepEqual(strange, []);
});
