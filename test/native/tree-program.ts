import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';

const build = fileURLToPath(new URL('../../../native/test/build', import.meta.url));

/** native/test/tree_test.cc, built before the tests of a file and gone after them. */
export class TreeProgram {
  readonly #folder = mkdtempSync(join(tmpdir(), 'ics-tree-'));
  readonly #program = join(this.#folder, 'tree_test');

  /** @param sanitizers - as for `-fsanitize=`; none: optimised, for the long ones */
  constructor(sanitizers: string) {
    before(() => {
      execFileSync(build, [this.#program, sanitizers], { stdio: 'inherit' });
    });
    after(() => rmSync(this.#folder, { recursive: true }));
  }

  /** What it prints. Fails, with that, if it exits with anything but 0. */
  run(...words: string[]): string {
    const done = spawnSync(this.#program, words, { encoding: 'utf8', maxBuffer: 1 << 30 });
    assert.equal(done.status, 0, done.stdout.slice(-20_000) + done.stderr);
    return done.stdout.trim();
  }
}
