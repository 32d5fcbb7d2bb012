/** What is in the repository, beside what the documentation says is there. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

for (const [page, stage] of [
  ['docs/design.md', 'src/sync'],
  ['docs/design.md', 'src/csync2'],
  ['docs/watching.md', 'native'],
] as const) {
  test(`${page} lists the folders of ${stage}`, () => {
    const text = readFileSync(join(repository, page), 'utf8');
    const table = text.slice(text.indexOf(`| \`${stage}/\` |`)).split('\n\n')[0] ?? '';
    const cells = [...table.matchAll(/^\|([^|]*)\|/gm)].slice(2).map(([, cell]) => cell ?? '');
    const listed = cells.flatMap((cell) =>
      [...cell.matchAll(/`([a-z0-9-]+)\/`/g)].map(([, name]) => name),
    );
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
