import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDiagnosis } from '#src/csync2/diagnosis.js';

const own = { seconds: 1_700_000_000n, size: 5n };
const reply = (name: string, code: number, text: string) =>
  `response from peer(${name}): web2 [${code}] <- ${text}\n`;

const forging = `/srv/x\n${reply('/srv/x', 15, 'Permission denied!')}Local> GETTM k\nPeer> 1700000000\\n\n`;

const cases: [what: string, text: string, outcome: string, detail: string, name?: string][] = [
  ['a conflict', reply('/srv/f', 10, 'File is also marked dirty here!'), 'conflict', ''],
  [
    'a name with a newline',
    reply('/srv/first\nsecond', 10, 'File is also marked dirty here!'),
    'conflict',
    '',
    '/srv/first\nsecond',
  ],
  ['a name with brackets', reply('/srv/a (b): c', 15, 'Permission denied!'), 'denied', '', '/srv/a (b): c'],
  [
    'a name that looks like a reply',
    `Updating ${forging} on web2 ...\n${reply(forging, 10, 'File is also marked dirty here!')}${forging}\n`,
    'conflict',
    '',
    forging,
  ],
  ['what the peer says itself', reply('/srv/d', 8, 'Directory not empty'), 'refused', 'Directory not empty'],
  [
    'the last reply counts, of those that are errors',
    reply('/srv/f', 4, 'no') + reply('/srv/f', 13, 'Identification failed!') + reply('<No file>', 1, 'OK'),
    'unidentified',
    '',
  ],
  ['nothing that is known', 'Finished with 1 errors.\n', 'refused', ''],
];
for (const [what, text, outcome, detail, name = '/srv/f'] of cases) {
  test(what, () => {
    const found = readDiagnosis(text, Buffer.from(name), own);
    assert.deepEqual([found.outcome, found.detail, found.isTie], [outcome, detail, false]);
  });
}

test('a tie: the peer has the same time', () => {
  const text = `Local> GETTM key /srv/f\\n\n${reply('/srv/f', 4, 'ok')}Peer> 1700000000\\n\n${reply('/srv/f', 10, 'File is also marked dirty here!')}`;
  assert.equal(readDiagnosis(text, Buffer.from('/srv/f'), own).isTie, true);
  assert.equal(readDiagnosis(text, Buffer.from('/srv/f'), { ...own, seconds: 1n }).isTie, false);
});

test('a text full of what could be replies is read at once', (context) => {
  const name = Buffer.from('/x');
  const text = '\nresponse from peer(): a [1] <- '.repeat(2000) + 'Local> GETTM \n'.repeat(2000);
  const begun = performance.now();
  readDiagnosis(text, name, own);
  context.diagnostic(`${Math.round(performance.now() - begun)} ms for ${text.length} characters`);
});
