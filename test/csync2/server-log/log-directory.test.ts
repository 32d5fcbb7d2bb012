/**
 * The directory of csync2's log, which a package's service gets from systemd and a start by hand
 * does not.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LogDirectoryError, makeLogDirectory } from '#src/csync2/server-log/log-file.js';

test('it is made for its owner alone if only that is missing, and left as it is if it is there', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'log-directory-test-'));
  context.after(() => rmSync(folder, { recursive: true }));
  makeLogDirectory(join(folder, 'log/csync2.log'));
  assert.equal(statSync(join(folder, 'log')).mode & 0o7777, 0o700);
  makeLogDirectory(join(folder, 'log/csync2.log'));
  symlinkSync('log', join(folder, 'link'));
  makeLogDirectory(join(folder, 'link/csync2.log'));
  writeFileSync(join(folder, 'file'), '');
  for (const path of ['none/log/csync2.log', 'file/log/csync2.log']) {
    assert.throws(
      () => makeLogDirectory(join(folder, path)),
      (error) => error instanceof LogDirectoryError && error.exitCode === 73,
    );
  }
});
