import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { requireOwnDirectory, UnsafeDirectoryError } from '#src/state/own-directory.js';

describe('a directory of our own', () => {
  test('is made for us alone, with those above it', (context) => {
    const directory = join(folder(context), 'run', 'name');
    requireOwnDirectory(directory);
    assert.equal(statSync(directory).mode & 0o7777, 0o700);
    requireOwnDirectory(directory);
  });

  test('that others can write to is refused', (context) => {
    const directory = folder(context);
    for (const mode of [0o720, 0o702, 0o1777]) {
      chmodSync(directory, mode);
      assert.throws(() => requireOwnDirectory(directory), UnsafeDirectoryError);
    }
    chmodSync(directory, 0o755);
    requireOwnDirectory(directory);
  });

  test('that is a link, a file, or below a file is refused', (context) => {
    const place = folder(context);
    mkdirSync(join(place, 'real'));
    symlinkSync('real', join(place, 'link'));
    symlinkSync('/nowhere/at/all', join(place, 'dangling'));
    for (const name of ['link', 'dangling']) {
      assert.throws(() => requireOwnDirectory(join(place, name)), UnsafeDirectoryError);
    }
    assert.throws(() => requireOwnDirectory('/proc/self/stat'), UnsafeDirectoryError);
    assert.throws(() => requireOwnDirectory('/proc/self/stat/run'), UnsafeDirectoryError);
  });

  test(
    'that belongs to somebody else is refused',
    { skip: process.geteuid?.() !== 0 && 'needs root' },
    (context) => {
      const directory = folder(context);
      chownSync(directory, 12345, 12345);
      assert.throws(() => requireOwnDirectory(directory), /belongs to user 12345/);
    },
  );
});

function folder(context: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'own-directory-'));
  context.after(() => rmSync(made, { recursive: true }));
  return made;
}
