/** Links between the pages of the documentation lead somewhere, and no page is without one. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { test } from 'node:test';
import { type Page, proseOf, readPages, repository } from '../support/documents.js';

interface Link {
  readonly file: string;
  readonly target: string;
  /** The file that it leads to, below the repository, and the heading in it. */
  readonly path: string;
  readonly heading: string | undefined;
}

const pages = readPages();
const links = pages.flatMap(linksOf);

test('every link leads to a file', () => {
  const broken = links.filter(({ path }) => !existsSync(join(repository, path)));
  assert.deepEqual(broken.map(named), []);
});

test('every link to a heading leads to one', () => {
  const headings = new Map(pages.map((page) => [page.file, headingsOf(page)]));
  const broken = links.filter(
    ({ heading, path }) => heading !== undefined && !headings.get(path)?.has(heading),
  );
  assert.deepEqual(broken.map(named), []);
});

test('every page that a text names exists', () => {
  const missing = pages
    .filter(({ file }) => file !== 'CHANGELOG.md')
    .flatMap(({ file, text }) =>
      [...text.matchAll(/`(docs\/[\w./-]+\.md)`/g)]
        .filter(([, path = '']) => !existsSync(join(repository, path)))
        .map(([, path]) => `${file}: ${path}`),
    );
  assert.deepEqual(missing, []);
});

test('docs/index.md names every page', () => {
  const [index] = pages.filter(({ file }) => file === 'docs/index.md');
  assert.ok(index);
  const named = new Set([
    ...linksOf(index).map(({ path }) => path),
    ...(index.text.match(/docs\/\w+\.md/g) ?? []),
  ]);
  const lonely = pages.filter(
    ({ file }) => file.startsWith('docs/') && file !== index.file && !named.has(file),
  );
  assert.deepEqual(
    lonely.map(({ file }) => file),
    [],
  );
});

function linksOf(page: Page): Link[] {
  return [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', heading] = target.split('#');
      return {
        file: page.file,
        target,
        path: path === '' ? page.file : normalize(join(page.file, '..', path)),
        heading,
      };
    });
}

/** As GitHub makes them of the headings: small letters, spaces as dashes, no punctuation. */
function headingsOf(page: Page): Set<string> {
  const headings = [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

function named({ file, target }: Link): string {
  return `${file}: ${target}`;
}
