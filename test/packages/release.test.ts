/** What CONTRIBUTING.md says of a release: one version, and checksums of what is published. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { mustRun } from '../support/command.js';
import { repository } from '../support/documents.js';
import { makePackages } from '../support/packages.js';

const folder = mkdtempSync(join(tmpdir(), 'release-test-'));
after(() => rmSync(folder, { recursive: true }));

/** Where a version is written down, in a checkout or in the parts of one. */
function versions(root: string): string[] {
  const read = (file: string) => readFileSync(join(root, file), 'utf8');
  const lock = JSON.parse(read('package-lock.json')) as {
    version: string;
    packages: Record<string, { version: string }>;
  };
  return [
    (JSON.parse(read('package.json')) as { version: string }).version,
    lock.version,
    lock.packages['']?.version ?? '',
    /^pkgver=(.*)$/m.exec(read('scripts/arch/PKGBUILD'))?.[1] ?? '',
  ];
}

test('the version is the same wherever it is written down', () => {
  assert.equal(new Set(versions(repository)).size, 1, versions(repository).join(', '));
});

test('npm version changes all of them', async () => {
  mkdirSync(join(folder, 'scripts/arch'), { recursive: true });
  for (const file of ['package.json', 'package-lock.json', 'scripts/arch/PKGBUILD']) {
    cpSync(join(repository, file), join(folder, file));
  }
  const words = ['npm', 'version', '--no-git-tag-version', '--ignore-scripts=false', '9.8.7'];
  await mustRun(words, { cwd: folder, env: process.env });
  assert.deepEqual(versions(folder), ['9.8.7', '9.8.7', '9.8.7', '9.8.7']);
});

test('the changelog has a section for what is not released', () => {
  const text = readFileSync(join(repository, 'CHANGELOG.md'), 'utf8');
  assert.match(text, /^## \[Unreleased\]$/m);
});

test('the checksums are of what the run has made', async () => {
  const output = join(folder, 'output');
  const made = await makePackages(output, '--checksums', 'npm', 'source');
  assert.equal(made.pop(), join(output, 'SHA256SUMS'));
  const checked = await mustRun(['sha256sum', '--check', '--strict', 'SHA256SUMS'], {
    cwd: output,
  });
  assert.equal(checked, made.map((file) => `${file.slice(output.length + 1)}: OK\n`).join(''));
});
