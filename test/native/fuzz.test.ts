/**
 * The tree's state machine under libFuzzer: random streams of events, lawful ones and such as no
 * kernel sends.
 *
 * FUZZ_SECONDS=how long (10)
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const build = fileURLToPath(new URL('../../../native/test/build', import.meta.url));
const seconds = Number(process.env.FUZZ_SECONDS ?? 10);

test(`${seconds} seconds of random event streams under libFuzzer`, (context) => {
  const clang = spawnSync('clang++', ['--version']);
  if (clang.error) {
    context.skip('clang++ is not installed: apt-get install clang libclang-rt-dev');
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'ics-fuzz-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const program = join(folder, 'tree_fuzz');
  execFileSync(build, [program, 'address,undefined', 'fuzz'], { stdio: 'inherit' });
  const done = spawnSync(
    program,
    [`-max_total_time=${seconds}`, '-max_len=600', '-artifact_prefix=/dev/null', folder],
    {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    },
  );
  // The input that failed stands in the output, as Base64.
  assert.equal(done.status, 0, done.stderr.slice(-30_000));
  context.diagnostic(/^Done .*$/mu.exec(done.stderr)?.[0] ?? 'no summary');
});
