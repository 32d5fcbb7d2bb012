/**
 * Races that nobody can hit from outside: something happens exactly between two system calls of a
 * watcher. The program (native/test/races) is a whole watcher with sync points compiled in, which
 * the addon doesn't have.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const build = fileURLToPath(new URL('../../../native/test/build', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'ics-races-'));
const program = join(folder, 'race_test');

before(() => {
  execFileSync(build, [program, 'address,undefined', 'races'], { stdio: 'inherit' });
});
after(() => rmSync(folder, { recursive: true }));

function race(title: string, name: string): void {
  test(title, () => {
    const place = mkdtempSync(join(folder, `${name}-`));
    const done = spawnSync(program, [name, place], { encoding: 'utf8', timeout: 120_000 });
    assert.equal(done.status, 0, done.stdout + done.stderr);
  });
}

race('a file made between watch and listing', 'file-before-listing');
race('a directory made between watch and listing', 'directory-before-listing');
race('a directory made after the listing', 'directory-after-listing');
race('a directory removed between open and watch', 'vanishes-before-watch');
race('another directory at the path between open and watch', 'swapped-before-watch');
race('renamed between watch and listing', 'renamed-while-listed');
race('events of a descriptor that the tree has not been told of yet', 'events-before-finding');
race('queued events of a removed watch', 'events-of-removed-watch');
race('made and renamed during the first walk', 'changed-during-first-walk');
