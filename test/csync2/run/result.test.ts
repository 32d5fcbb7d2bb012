import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Ending, type Outcome, outcomeText, readOutcome } from '#src/csync2/run/result.js';

const ending = (parts: Partial<Ending>): Ending => ({
  exitCode: 1,
  signal: undefined,
  said: [],
  stalled: false,
  ...parts,
});

/** csync2's messages as it prints them, a line each. */
const lines = (text: string) => text.split('\n').filter((line) => line !== '');

/** What csync2 2.0 says, at `-v`. */
const said: readonly (readonly [string, Outcome])[] = [
  ['This host (x) is not a member of any configured group.\n', 'config'],
  ["Can not open config file `/etc/csync2.cfg': No such file or directory\n", 'config'],
  ['Near line 3: syntax error\n', 'config'],
  ['Config error: group-key files must be at least 32 characters long.\n', 'config'],
  [
    "Can't create socket: Connection refused\nERROR: Connection to remote host `web2' failed.\nHost stays in dirty state. Try again later...\nConnection closed.\nFinished with 1 errors.\n",
    'unreachable',
  ],
  [
    "Cannot resolve peername, getaddrinfo: Name or service not known\nERROR: Connection to remote host `web2' failed.\n",
    'unreachable',
  ],
  [
    "Config command failed.\nERROR: Connection to remote host `web2' failed.\nFinished with 2 errors.\n",
    'hung-up',
  ],
  [
    'Updating /a on web2 ...\nFile stays in dirty state. Try again later...\nFinished with 1 errors.\n',
    'refused',
  ],
  [
    "Do not auto-resolve conflict: Lost 'younger' test.\nERROR: Auto-resolving failed. Giving up.\nFile stays in dirty state. Try again later...\n",
    'conflict',
  ],
  ['auto resolving... response = 10\nFile stays in dirty state. Try again later...\n', 'conflict'],
  [
    'Database Error: Adding or updating file entry [1]: ERROR:  duplicate key value violates unique constraint "file_filename_key"\n',
    'locked',
  ],
  ['Database backend is exceedingly busy => Terminating (requesting retry).\n', 'locked'],
  ["This should not happen: Can't stat /srv/data/x.\n", 'vanished'],
  ['Peer did provide a wrong SSL X509 cetrificate.\n', 'certificate'],
  [
    'SSL: handshake failed: Certificate is required. (GNUTLS_E_CERTIFICATE_REQUIRED)\n',
    'certificate',
  ],
  ['Finished with 1 errors.\n', 'failed'],
  ['', 'failed'],
];

describe('what a csync2 run came to', () => {
  for (const [text, outcome] of said) {
    test(`${outcome}: ${JSON.stringify(text.slice(0, 60))}`, () => {
      assert.equal(readOutcome(ending({ said: lines(text) })), outcome);
    });
  }

  test('exit codes and signals', () => {
    assert.equal(readOutcome(ending({ exitCode: 0 })), 'done');
    assert.equal(readOutcome(ending({ exitCode: 139 })), 'crashed');
    assert.equal(readOutcome(ending({ exitCode: undefined, signal: 'SIGSEGV' })), 'crashed');
    assert.equal(readOutcome(ending({ exitCode: 141 })), 'unreachable');
    assert.equal(readOutcome(ending({ exitCode: undefined, signal: 'SIGPIPE' })), 'unreachable');
    assert.equal(readOutcome(ending({ exitCode: 127 })), 'not-found');
    assert.equal(readOutcome(ending({ exitCode: 126 })), 'not-found');
    assert.equal(readOutcome(ending({ exitCode: undefined, signal: 'SIGKILL' })), 'failed');
    assert.equal(
      readOutcome(ending({ exitCode: undefined, signal: 'SIGTERM', stalled: true })),
      'stalled',
    );
  });

  test('a success is one, whatever a name in its text looks like', () => {
    const said = ['Updating /srv/Found csync2.lock on web2 ...'];
    assert.equal(readOutcome(ending({ exitCode: 0, said })), 'done');
  });

  test('the lock is told on standard output, by the first line', () => {
    assert.equal(readOutcome(ending({ output: 'Found /etc/csync2.lock' })), 'maintenance');
    assert.equal(readOutcome(ending({ said: ['Found /etc/csync2.lock'] })), 'failed');
  });

  test('a file name does not pass for a message', () => {
    const names = [
      '/srv/database is locked',
      '/srv/Database backend is exceedingly busy',
      "/srv/This should not happen: Can't stat",
      '/srv/wrong SSL X509 cetrificate',
      '/srv/SSL: it failed',
      '/srv/Connection to remote host x failed',
      "/srv/Can't create socket",
      '/srv/Cannot resolve peername',
      '/srv/Auto-resolving failed',
    ];
    for (const name of names) {
      const text = `Updating ${name} on web2 ...\nFile stays in dirty state. Try again later...\nFinished with 1 errors.\n`;
      assert.equal(readOutcome(ending({ said: lines(text) })), 'refused', name);
    }
  });

  test('every outcome has a text of its own', () => {
    const texts = Object.values(outcomeText);
    assert.equal(new Set(texts).size, texts.length);
    for (const text of texts) assert.match(text, /\S/);
  });
});
