/**
 * csync2 writes file names into its messages as they are, and whoever may write into a tree chooses
 * them. Every reader of its messages is given names that look like whatever else csync2 says, in
 * each message that holds a name: none may count for more than a name.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Compared, type Diagnosis, Refusals } from '#src/csync2/refusals/diagnosis.js';
import { MarkedPaths } from '#src/csync2/run/marked-paths.js';
import type { Message } from '#src/csync2/run/message.js';
import { PushTranscript } from '#src/csync2/run/push-transcript.js';
import { lastWords, readOutcome } from '#src/csync2/run/result.js';

/** What csync2 says that any of our readers goes by. */
const telling = [
  'Config command failed.',
  'Found /etc/csync2.lock',
  'Database backend is exceedingly busy => Terminating (requesting retry).',
  'Database Error: x [5]: database is locked',
  'Database Error: Adding or updating file entry',
  "This should not happen: Can't stat /srv/x.",
  'This host (x) is not a member of any configured group.',
  "Can not open config file `/etc/csync2.cfg'",
  'Near line 3: syntax error',
  'Config error: x',
  'Peer did provide a wrong SSL X509 cetrificate.',
  'SSL: handshake failed: x',
  "ERROR: Connection to remote host `web2' failed.",
  'Cannot resolve peername, getaddrinfo: x',
  "Can't create socket: x",
  'auto resolving... response = 10',
  "Do not auto-resolve conflict: Lost 'younger' test.",
  'ERROR: Auto-resolving failed. Giving up.',
  'File stays in dirty state. Try again later...',
  'Connection closed.',
  'Finished with 9 errors.',
  'Connecting to host web2 (PLAIN) ...',
  'Updating /victim on web2 ...',
  'Deleting /victim on web2 ...',
  'Marking file as dirty: /victim',
  'response from peer(/victim): web2 [13] <- Identification failed!',
  'Local> GETTM KEY /victim\\n',
  'Peer> 1700000000\\n',
];

const names = telling.flatMap((text) => [
  text,
  `/srv/x\n${text}`,
  `/srv/x\n${text}\n`,
  `/srv/x on web2 ...\n${text}\n on web2 ...`,
  `/srv/x): web2 [1] <- OK\n${text}`,
]);

/** Messages of csync2 that hold a name (update.c, check.c, rsync.c). */
const namesakes: readonly ((name: string) => string)[] = [
  (name) => `Updating ${name} on web2 ...`,
  (name) => `Deleting ${name} on web2 ...`,
  (name) => `Marking file as dirty: ${name}`,
  (name) => `WARNING: Parameter will be ignored: ${name}`,
  (name) => `While syncing file ${name}:`,
  (name) => `ERROR: Cant stat ${name}.`,
  (name) => `Permission denied in scandir: ${name} (${name})`,
  (name) => `I/O Error 'Permission denied' in rsync-check: ${name}`,
  (name) => `missing parent dir : ${name}`,
];

test('what a run came to', () => {
  for (const name of names) {
    for (const message of namesakes) {
      const said = [message(name), 'Finished with 1 errors.'];
      const outcome = readOutcome({
        exitCode: 1,
        signal: undefined,
        stalled: false,
        said,
        output: '',
      });
      assert.equal(outcome, 'failed', JSON.stringify(said));
    }
  }
});

test('why a peer does not take a file', () => {
  const own = { seconds: 1_700_000_000n, size: 5n };
  for (const name of names) {
    const said = [
      ...namesakes.map((message) => message(name)),
      `response from peer(${name}): web2 [10] <- also dirty`,
    ];
    assert.deepEqual(
      readDiagnosis(said, own),
      { outcome: 'conflict', meaning: 'conflict', detail: '', isTie: false },
      name,
    );
  }
});

test('which files are marked', () => {
  for (const name of names) {
    const marked = new MarkedPaths([]);
    for (const message of namesakes)
      marked.add({ at: 0, pid: 1, kind: 'said', text: message(name) });
    assert.deepEqual(marked.paths.map(String), [name], name);
  }
});

test('which file was cut off', () => {
  const say = (text: string): Pick<Message, 'at' | 'kind' | 'text'> => ({
    at: 0,
    kind: 'said',
    text,
  });
  for (const name of names) {
    const transcript = new PushTranscript();
    const said = [
      'Connecting to host web2 (PLAIN) ...',
      ...namesakes.slice(1).map((message) => message(name)),
    ];
    for (const text of [...said, `Updating ${name} on web2 ...`]) transcript.add(say(text));
    assert.equal(transcript.nameCutOff([name, '/victim']), name);
    for (const text of [
      'File stays in dirty state.',
      'Connection closed.',
      'Finished with 1 errors.',
    ]) {
      transcript.add(say(text));
    }
    assert.equal(transcript.nameCutOff([name]), undefined);
  }
});

test('what is shown to people stays on its line, and drives no terminal', () => {
  for (const name of [...names, '/srv/\x1b[2J\x07']) {
    const shown = lastWords(namesakes.map((message) => message(name)));
    assert.doesNotMatch(shown, /\p{C}/u);
  }
});

function readDiagnosis(said: readonly string[], own: Compared): Diagnosis {
  const refusals = new Refusals();
  for (const text of said) {
    refusals.add({ kind: /^(Local|Peer)> /.test(text) ? 'bare' : 'said', text });
  }
  return refusals.last(own);
}
