import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../support/command.js';

// What the README promises.
const script = fileURLToPath(new URL('../../../scripts/demo', import.meta.url));
const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
// A checkout below somebody's private folder can't be shown to anybody else; then it stays with who
// runs the test.
const ordinary = (await runCommand([...nobody, 'test', '-x', script])).code === 0 ? nobody : [];

describe('scripts/demo', () => {
  const forms: readonly [name: string, words: readonly string[]][] = [
    ['on booted hosts', [script, '--json', '--changes', '14']],
    [
      'on the loopback interface, as an ordinary user',
      [...ordinary, script, '--loopback', '--json', '--changes', '14'],
    ],
  ];
  for (const [name, words] of forms) {
    test(name, async () => {
      const { code, stdout, stderr } = await runCommand(words);
      assert.equal(code, 0, stderr);
      assert.match(stderr, /\$ inotify-csync status\n\S+: healthy, /);
      assert.match(stderr, /^inotify_csync_up 1$/m);
      const result = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<
        string,
        number
      >;
      assert.deepEqual(Object.keys(result), [
        'nodes',
        'files',
        'changes',
        'lost',
        'p50_ms',
        'p99_ms',
        'max_ms',
        'floor_p50_ms',
      ]);
      assert.equal(result.changes, 14);
      assert.equal(result.lost, 0);
    });
  }
});
