/** The status for people, in wide and narrow terminals, with and without colour. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { renderStatus } from '#src/cli/commands/status/render.js';
import { coloured, plain } from '#src/cli/style.js';
import type { Session } from '#src/csync2/server-log/session-log.js';
import { assembleStatus } from '#src/observe/assemble-status.js';
import type { StatusSources } from '#src/observe/status-sources.js';
import { cellsOf } from '#src/text/cells.js';
import { lane, quiet } from '../observe/status-sources.js';

const now = 1_764_000_000_000;
const path = Buffer.from('/srv/data/one.txt');
const busy: StatusSources = {
  ...quiet,
  ...{ startedAt: now - 7_200_000, directories: 171_856, unwatched: 1 },
  queue: { depth: 3006, oldestAt: now - 600, resets: 0 },
  roots: [
    { path: Buffer.from('/srv/data'), state: 'present' },
    { path: Buffer.from('/srv/away'), state: 'missing' },
  ],
  lanes: [
    lane({ pending: 1240, pendingSince: now - 20_000, lastSentAt: now - 62, state: 'updating' }),
    lane({
      ...{ peer: 'web3', reason: 'unreachable', failingSince: now - 240_000, pending: 12 },
      nextAttemptAt: Date.now() + 38_000,
    }),
    lane({ peer: 'web4', state: 'paused', pausedSince: now - 86_400_000, pending: 1 }),
    lane({
      ...{ peer: 'web5', onHoldCount: 1, conflictCount: 1, sent: 18_204 },
      onHold: [{ name: path, reason: 'conflict', detail: '', failures: 1, until: 0 }],
    }),
  ],
  paces: new Map([['web2', { perSecond: 85.2, secondsLeft: 14.6 }]]),
};
const session: Session = {
  ...{ from: '::1', beganAt: now, saidAt: now, isAtImpasse: false, hasMarked: false },
  received: [],
};
const status = assembleStatus(busy, now);

test('a backlog is told with its rate and the time that is left', () => {
  const text = renderStatus(status);
  assert.match(
    text,
    /^ {2}web2: ok, last sent 62 ms ago, 1,240 files pending, 85\/s, about 15 s left; sent 0, received 0$/m,
  );
  const [web2] = status.peers;
  assert.deepEqual([web2?.sent_per_second, web2?.eta_s], [85.2, 14.6]);
});

test('a conflict names the commands that show and decide it', () => {
  assert.deepEqual(
    status.problems.filter((problem) => problem.startsWith('web5')),
    ['web5: 1 conflict: show with inotify-csync conflicts, decide with inotify-csync resolve'],
  );
});

test('one thing is one', () => {
  const one = renderStatus(
    assembleStatus(
      {
        ...quiet,
        ...{ directories: 1, unreadable: 1, unwatched: 1, pathsLeftOut: 1 },
        queue: { depth: 1, oldestAt: now, resets: 0 },
        detectedLate: { count: 1, paths: [] },
        deferred: { count: 1, first: [] },
        unsupported: { count: 1, more: false, paths: [] },
        fullCheckDue: { reason: 'start', since: now },
        fullCheckTries: { failures: 1, nextAt: now },
        sessions: new Map([[1, session]]),
        lanes: [lane({ pending: 1, onHoldCount: 1, unreadable: 1, pausedSince: now })],
      },
      now,
    ),
  );
  assert.doesNotMatch(one, /\b1 (?!is\b|was\b|s\b)\w*s\b/);
  assert.match(one, /^queue {6}1 change waiting/m);
  assert.match(one, /^server {5}external, 1 open session$/m);
});

for (const columns of [40, 60, 80]) {
  test(`in ${columns} columns no line is wider, and no word is lost`, () => {
    const text = renderStatus(status, plain, columns);
    for (const line of text.split('\n')) assert.ok(cellsOf(line) <= columns, line);
    const words = (each: string) => each.split(/\s+/);
    assert.deepEqual(words(text), words(renderStatus(status)));
    // What goes on in the next line does not look like another peer.
    const starts = text.split('\n').filter((line) => /^ {2}\S+: /.test(line));
    assert.deepEqual(
      starts.map((line) => line.split(':')[0]?.trim()),
      ['/srv/data', '/srv/away', 'web2', 'web3', 'web4', 'web5'],
    );
  });
}

test('40 columns', () => {
  const lines = renderStatus(status, plain, 40).split('\n');
  const at = lines.findIndex((line) => line.startsWith('  web2: '));
  assert.deepEqual(lines.slice(at, at + 4), [
    '  web2: ok, last sent 62 ms ago, 1,240',
    '    files pending, 85/s, about 15 s',
    '    left; sent 0, received 0',
    lines[at + 3],
  ]);
});

test('colour adds nothing and takes nothing away', () => {
  for (const columns of [40, 80, Number.POSITIVE_INFINITY]) {
    const text = renderStatus(status, coloured, columns);
    assert.equal(stripVTControlCharacters(text), renderStatus(status, plain, columns));
  }
  const text = renderStatus(status, coloured);
  const [red, green, yellow] = ['\x1b[31m', '\x1b[32m', '\x1b[33m'];
  assert.ok(text.includes(`: ${red}degraded`));
  assert.ok(text.includes(`web2: ${green}ok`));
  assert.ok(text.includes(`web3: ${red}failing`));
  assert.ok(text.includes(`web4: ${yellow}paused`));
  assert.ok(text.includes(`/srv/away: ${red}missing`));
  assert.ok(text.includes(`  ${red}!`));
});
