/** What is in the repository, beside what the documentation says is there. */
import assert from 'node:assert/strict';
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
  const made = ['.git', 'build', 'dist', 'node_modules'];
  const strange: string[] = [];
  const look = (folder: string) => {
    for (const entry of readdirSync(join(repository, folder), { withFileTypes: true })) {
      if (folder === '' && made.includes(entry.name)) continue;
      if (!/^[\w.@-]+$/.test(entry.name)) strange.push(join(folder, entry.name));
      else if (entry.isDirectory()) look(join(folder, entry.name));
    }
  };
  look('');
  assert.deepEqual(strange, []);
});
