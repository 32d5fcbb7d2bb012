import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Compared, type Diagnosis, Refusals } from '#src/csync2/refusals/diagnosis.js';

const own = { seconds: 1_700_000_000n, size: 5n };
const reply = (name: string, code: number, text: string) => [
  `response from peer(${name}): web2 [${code}] <- ${text}`,
];

const forging = '/srv/x): web2 [15] <- Permission denied!\nresponse from peer(y): web2 [15] <- no';

const cases: [what: string, said: string[], outcome: string, detail: string][] = [
  ['a conflict', reply('/srv/f', 10, 'File is also marked dirty here!'), 'conflict', ''],
  [
    'a name with a newline',
    reply('/srv/first\nsecond', 10, 'File is also marked dirty here!'),
    'conflict',
    '',
  ],
  ['a name with brackets', reply('/srv/a (b): c', 15, 'Permission denied!'), 'denied', ''],
  [
    'a name that looks like a reply',
    [
      `Updating ${forging} on web2 ...`,
      ...reply(forging, 10, 'File is also marked dirty here!'),
      forging,
    ],
    'conflict',
    '',
  ],
  [
    'what the peer says itself',
    reply('/srv/d', 8, 'Directory not empty'),
    'refused',
    'Directory not empty',
  ],
  [
    'the first refusal counts: where content is not taken, the server reads it as commands',
    [
      'Updating /srv/f on web2 ...',
      'Local> SIG KEY /srv/f\\n',
      ...reply('/srv/f', 3, 'OK (not_found).'),
      'Local> PATCH KEY /srv/f\\n',
      ...reply('/srv/f', 2, 'OK (send_data).'),
      ...reply('/srv/f', 8, 'No space left on device'),
      ...reply('<no file>', 17, 'Unkown command!'),
    ],
    'refused',
    'No space left on device',
  ],
  ['nothing that is known', ['Finished with 1 errors.'], 'refused', ''],
];
for (const [what, said, outcome, detail] of cases) {
  test(what, () => {
    const found = readDiagnosis(said, own);
    assert.deepEqual([found.outcome, found.detail, found.isTie], [outcome, detail, false]);
  });
}

test('what the peer has removed is absent there', () => {
  const conflict = (answer: string) =>
    readDiagnosis(
      [
        'Updating /srv/d on web2 ...',
        'Local> SIG KEY /srv/d\\n',
        ...reply('/srv/d', 5, answer),
        'Local> MKDIR KEY /srv/d\\n',
        ...reply('/srv/d', 10, 'File is also marked dirty here!'),
      ],
      own,
    );
  assert.equal(conflict('OK (path_not_found).').isAbsent, true);
  assert.equal(conflict('OK (not_found).').isAbsent, undefined, 'something that is not replicated');
});

test('a file or a directory on the peer is told of', () => {
  const thereOf = (note: string) => {
    const answer = ['Local> SIG KEY /srv/f\\n', `Peer> ${note}\\n`];
    return readDiagnosis(
      ['Updating /srv/f on web2 ...', ...answer, ...reply('/srv/f', 10, 'also dirty')],
      own,
    ).there;
  };
  const owner = 'mode=33152:uid=0:gid=0';
  assert.deepEqual(thereOf(`v2:mtime=17:${owner}:type=reg:size=12`), { mode: 33152, size: 12n });
  assert.deepEqual(thereOf('v2:mode=16832:uid=0:gid=0:type=dir'), { mode: 16832, size: undefined });
  assert.deepEqual(thereOf('v2:uid=0:gid=0:type=dir'), { mode: undefined, size: undefined });
  for (const target of ['x:type=reg:size=12', 'type=dir', 'x:mode=16832:type=dir'])
    assert.equal(thereOf(`v2:${owner}:type=lnk:target=${target}`), undefined);
});

test('a tie is told from the answer behind the question', () => {
  const asked = [
    'Local> GETTM KEY /srv/f\\n',
    'Peer> OK (data_follows).\\n',
    'Peer> 1700000000\\n',
  ];
  assert.equal(readDiagnosis([...reply('/srv/f', 10, 'also dirty'), ...asked], own).isTie, true);
  const size = ['Local> GETSZ KEY /srv/f\\n', 'Peer> 1700000000\\n'];
  assert.equal(readDiagnosis([...reply('/srv/f', 10, 'also dirty'), ...size], own).isTie, false);
});

describe('what a refusal means', () => {
  const meanings: [what: string, said: string[], meaning: Diagnosis['meaning']][] = [
    [
      'removed, and what was above it is a file by now',
      removal('SIG', 8, 'Not a directory'),
      'settled',
    ],
    ['removed, and gone meanwhile', removal('DEL', 8, 'No such file or directory'), 'settled'],
    ['removed, and the peer has more in it', removal('DEL', 8, 'Directory not empty'), 'compare'],
    ['removed, in an immutable directory', removal('DEL', 8, 'Operation not permitted'), 'later'],
    [
      'removed, and changed there',
      removal('DEL', 10, 'File is also marked dirty here!'),
      'conflict',
    ],
    ['below a file', update('SIG', 8, 'Not a directory'), 'parent-first'],
    [
      'below a link that leads nowhere',
      update('SIG', 8, 'Too many levels of symbolic links'),
      'parent-first',
    ],
    ['its directory is missing', update('SIG', 11, 'Parent dir missing.'), 'parent-first'],
    [
      'its directory has just gone',
      update('PATCH', 8, 'No such file or directory'),
      'parent-first',
    ],
    ['a file in place of a full directory', update('PATCH', 8, 'Is a directory'), 'compare'],
    ['a link in place of a full directory', update('MKLINK', 8, 'File exists'), 'compare'],
    ['changed on both sides', update('PATCH', 10, 'File is also marked dirty here!'), 'conflict'],
    [
      'written to, or marked, there when it had been taken',
      update('SETOWN', 10, 'File is also marked dirty here!'),
      'half-taken',
    ],
    [
      'removed there when it had been taken',
      update('SETIME', 8, 'No such file or directory'),
      'settled',
    ],
    ['a full disk', update('PATCH', 8, 'No space left on device'), 'later'],
    ['a disk that can only be read', update('MKDIR', 8, 'Read-only file system'), 'later'],
    ['a reason that nobody knows', update('PATCH', 8, 'What is this?'), 'later'],
    ['another key', update('SIG', 15, 'Permission denied!'), 'all'],
    ['a slave', update('SIG', 14, 'Permission denied for slave!'), 'all'],
    [
      'another name',
      ['Local> HELLO web1\\n', ...reply('<no file>', 13, 'Identification failed!')],
      'all',
    ],
    [
      'content that looks like a command, in pieces that begin as one',
      [
        ...update('PATCH', 2, 'OK (send_data).'),
        'Local> SETOWN KAY /srv/f 0 0\\n',
        ...reply('/srv/f', 10, 'File is also marked dirty here!'),
      ],
      'conflict',
    ],
    [
      'not asked about: it has vanished here',
      [
        'Updating /srv/f on web2 ...',
        'ERROR: Cant stat /srv/f.',
        'File stays in dirty state. Try again later...',
      ],
      'unanswered',
    ],
    [
      'lost after `auto` has decided, with force',
      [
        ...update('PATCH', 10, 'File is also marked dirty here!'),
        ...update('FLUSH', 1, 'OK (cmd_finished).'),
        'Local> PATCH KEY /srv/f\\n',
        ...reply('/srv/f', 8, 'No space left on device'),
      ],
      'later',
    ],
  ];
  for (const [what, said, meaning] of meanings) {
    test(what, () => assert.equal(readDiagnosis(said, own).meaning, meaning));
  }
});

function update(operation: string, code: number, text: string): string[] {
  return ['Updating /srv/f on web2 ...', ...asked(operation), ...reply('/srv/f', code, text)];
}

function removal(operation: string, code: number, text: string): string[] {
  return ['Deleting /srv/f on web2 ...', ...asked(operation), ...reply('/srv/f', code, text)];
}

function asked(operation: string): string[] {
  const first = ['Local> SIG KEY /srv/f\\n', ...reply('/srv/f', 1, 'OK (data_follows).')];
  if (operation === 'SIG') return ['Local> SIG KEY /srv/f\\n'];
  return [...(operation === 'FLUSH' ? [] : first), `Local> ${operation} KEY /srv/f\\n`];
}

function readDiagnosis(said: readonly string[], own: Compared): Diagnosis {
  const refusals = new Refusals();
  for (const text of said) {
    refusals.add({ kind: /^(Local|Peer)> /.test(text) ? 'bare' : 'said', text });
  }
  return refusals.last(own);
}
