/**
 * The watcher's and the survey's own tests once more, with an addon that is built with
 * AddressSanitizer and UBSan: they look at what node-api, the threads and JavaScript do to each
 * other. Not ThreadSanitizer: node itself is not built with it, so that every lock of V8 would be
 * taken for none; whole watchers without node run under it in threads.test.ts. Not its leak check
 * either: node leaves much behind on purpose; lifecycle.test.ts counts memory, descriptors and
 * threads.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const copy = mkdtempSync(join(tmpdir(), 'ics-addon-'));
/** Of the compiler that built the addon; node must load them first. */
const libraries = ['libasan.so', 'libubsan.so', 'libstdc++.so'].map((name) =>
  execFileSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim(),
);

before(() => {
  // The program finds its addon beside itself.
  const release = join(copy, 'build', 'Release');
  mkdirSync(release, { recursive: true });
  for (const name of ['dist', 'build/test'])
    cpSync(join(repository, name), join(copy, name), { recursive: true });
  copyFileSync(join(repository, 'package.json'), join(copy, 'package.json'));
  symlinkSync(join(repository, 'node_modules'), join(copy, 'node_modules'));
  const addon = join(release, 'inotify_csync.node');
  execFileSync(join(repository, 'native/test/build'), [addon, 'address,undefined', 'addon'], {
    stdio: 'inherit',
  });
});
after(() => rmSync(copy, { recursive: true }));

for (const name of [
  'watch/lifecycle',
  'watch/race-rename',
  'watch/loss',
  'watch/step-into',
  'sync/common/survey',
]) {
  test(`test/${name}.test.ts with -fsanitize=address,undefined`, (context) => {
    const done = spawnSync(
      process.execPath,
      ['--test-reporter=tap', join(copy, `build/test/${name}.test.js`)],
      {
        encoding: 'utf8',
        // A run within a run would report to the outer runner.
        env: {
          ...process.env,
          NODE_TEST_CONTEXT: '',
          LD_PRELOAD: libraries.join(' '),
          ASAN_OPTIONS: 'detect_leaks=0:quarantine_size_mb=4',
        },
      },
    );
    assert.equal(done.status, 0, done.stdout + done.stderr);
    assert.doesNotMatch(done.stdout + done.stderr, /AddressSanitizer|runtime error/u);
    context.diagnostic(/^# pass .*$/mu.exec(done.stdout)?.[0] ?? 'no summary');
    assert.match(done.stdout, /^# pass [1-9]/mu);
  });
}
