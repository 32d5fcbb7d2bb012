import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDiagnosis } from '#src/csync2/diagnosis.js';

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
    [`Updating ${forging} on web2 ...`, ...reply(forging, 10, 'File is also marked dirty here!'), forging],
    'conflict',
    '',
  ],
  ['what the peer says itself', reply('/srv/d', 8, 'Directory not empty'), 'refused', 'Directory not empty'],
  [
    'the last reply counts, of those that are errors',
    [
      ...reply('/srv/f', 4, 'no'),
      ...reply('/srv/f', 13, 'Identification failed!'),
      ...reply('<No file>', 1, 'OK'),
    ],
    'unidentified',
    '',
  ],
  ['nothing that is known', ['Finished with 1 errors.'], 'refused', ''],
];
for (const [what, said, outcome, detail] of cases) {
  test(what, () => {
    const found = readDiagnosis(said, own);
    assert.deepEqual([found.outcome, found.detail, found.isTie], [outcome, detail, false]);
  });
}

test('a tie is told from the answer behind the question', () => {
  const asked = ['Local> GETTM KEY /srv/f\\n', 'Peer> OK (data_follows).\\n', 'Peer> 1700000000\\n'];
  assert.equal(readDiagnosis([...reply('/srv/f', 10, 'also dirty'), ...asked], own).isTie, true);
  const size = ['Local> GETSZ KEY /srv/f\\n', 'Peer> 1700000000\\n'];
  assert.equal(readDiagnosis([...reply('/srv/f', 10, 'also dirty'), ...size], own).isTie, false);
});
