/**
 * What `npm pack` packs: what runs, what its addon is compiled from, and what people read; no more.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { mustRun } from '../support/command.js';
import { repository } from '../support/documents.js';

const [packed] = JSON.parse(
  await mustRun(['npm', 'pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: repository,
    env: process.env,
  }),
) as [{ files: { path: string }[] }];
const files = packed.files.map(({ path }) => path).sort();

test('is made of these folders and files', () => {
  const topmost = [...new Set(files.map((path) => path.split('/')[0]))];
  assert.deepEqual(topmost, [
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'binding.gyp',
    'completions',
    'dist',
    'docs',
    'man',
    'native',
    'package.json',
    'systemd',
  ]);
});

test('has the program that each source is compiled to, and nothing else of the build', () => {
  const programs = namesIn('src')
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => name.replace(/^src\/(.*)\.ts$/, 'dist/$1.js'));
  // A file too much here is the rest of a source that is no more: remove dist, and build.
  assert.deepEqual(packedIn('dist'), programs);
});

test('has all that the addon is compiled from, and not its tests', () => {
  const sources = namesIn('native').filter((name) => !name.startsWith('native/test/'));
  assert.deepEqual(packedIn('native'), sources);
  const recipe = readFileSync(join(repository, 'binding.gyp'), 'utf8');
  const named = recipe.match(/native\/[\w/]+\.cc/g) ?? [];
  assert.ok(named.length > 0);
  const included = packedIn('native').flatMap((name) => {
    const text = readFileSync(join(repository, name), 'utf8');
    return [...text.matchAll(/^#include "(.*)"/gm)].map(([, path = '']) => ({ name, path }));
  });
  const has = (path: string) => files.includes(normalize(path));
  assert.deepEqual(
    named.filter((name) => !has(name)),
    [],
  );
  const missing = included.filter(
    ({ name, path }) => !has(join('native', path)) && !has(join(dirname(name), path)),
  );
  assert.deepEqual(missing, []);
});

test('has the units, the manual pages, and the documentation but for pages for developers', () => {
  assert.deepEqual(packedIn('systemd'), namesIn('systemd'));
  assert.deepEqual(packedIn('man'), namesIn('man'));
  const forDevelopers = ['docs/design.md', 'docs/watching.md'];
  assert.deepEqual(
    packedIn('docs'),
    namesIn('docs').filter((name) => !forDevelopers.includes(name)),
  );
});

function packedIn(folder: string): string[] {
  return files.filter((path) => path.startsWith(`${folder}/`));
}

function namesIn(folder: string): string[] {
  return readdirSync(join(repository, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(repository.length))
    .sort();
}
