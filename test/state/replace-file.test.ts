import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { replaceFile } from '#src/state/replace-file.js';

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'replace-'));
  context.after(() => rmSync(path, { recursive: true }));
  return path;
}

test('a file is made, and replaced, with its mode', (context) => {
  const file = join(folder(context), 'state');
  replaceFile(file, 'one');
  assert.equal(statSync(file).mode & 0o7777, 0o600);
  const { ino } = statSync(file);
  replaceFile(file, 'two', { mode: 0o644, isDurable: false });
  assert.equal(readFileSync(file, 'utf8'), 'two');
  assert.equal(statSync(file).mode & 0o7777, 0o644);
  assert.notEqual(statSync(file).ino, ino);
  assert.ok(!existsSync(`${file}.new`));
});

test('neither a link in its place nor one under its temporary name leads elsewhere', (context) => {
  const directory = folder(context);
  const [file, victim] = [join(directory, 'state'), join(directory, 'victim')];
  writeFileSync(victim, 'as it was');
  symlinkSync(victim, file);
  symlinkSync(victim, `${file}.new`);
  replaceFile(file, 'mine');
  assert.equal(readFileSync(victim, 'utf8'), 'as it was');
  assert.equal(readFileSync(file, 'utf8'), 'mine');
  assert.ok(statSync(file).ino !== statSync(victim).ino);
});

test('what cannot be written leaves the old file', (context) => {
  const file = join(folder(context), 'state');
  replaceFile(file, 'old');
  assert.throws(() => replaceFile(join(file, 'below'), 'new'), { code: 'ENOTDIR' });
  assert.equal(readFileSync(file, 'utf8'), 'old');
});
