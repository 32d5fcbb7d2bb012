import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { messageIds } from '#src/observe/message-ids.js';
import type { PeerStatus, Status } from '#src/observe/status.js';
import { Lab } from '../support/lab.js';

/** As `journalctl -o json` shows it: bytes that are no text are a list of numbers. */
type Entry = Readonly<Record<string, string | number[]>>;

describe('the journal', () => {
  let lab: Lab;
  before(async () => {
    lab = await Lab.boot(2);
    for (const { number } of lab.nodes) await lab.mustRun(number, 'journalctl', '--update-catalog');
    writeFileSync(`${lab.node(1).root}/etc/default/inotify-csync`, 'OPTIONS=--peer-timeout 2\n');
    await lab.start();
    await lab.waitUntilChecked();
    // A tree that is suddenly empty is taken for an unmounted disk.
    writeFileSync(`${lab.node(1).data}/stays`, '');
    await lab.waitUntilEqual();
  });
  after(() => lab?.down());

  test('the start is an event, by the native protocol and under the hardening of the unit', async () => {
    const [ready, ...others] = await entries(1, `MESSAGE_ID=${messageIds.ready}`);
    assert.ok(ready);
    assert.deepEqual(others, []);
    const { _TRANSPORT, PRIORITY, SYSLOG_IDENTIFIER, _SYSTEMD_UNIT, DURATION_MS } = ready;
    assert.deepEqual(
      [_TRANSPORT, PRIORITY, SYSLOG_IDENTIFIER, _SYSTEMD_UNIT],
      ['journal', '6', 'inotify-csync', 'inotify-csync.service'],
    );
    assert.match(String(DURATION_MS), /^\d+$/);
    const [begun] = await entries(1, `MESSAGE_ID=${messageIds.fullCheckBegun}`);
    assert.ok(begun?.REASON);
    const [done] = await entries(1, `MESSAGE_ID=${messageIds.fullCheckDone}`);
    assert.deepEqual([done?.PRIORITY, done?.REASON], ['6', begun.REASON]);
    assert.match(String(done?.FILES), /^\d+$/);
  });

  test('files that come and go are no lines', async () => {
    const before = (await entries(1)).length;
    for (let number = 0; number < 200; number++)
      writeFileSync(`${lab.node(1).data}/file-${number}`, 'text\n');
    await lab.waitUntilEqual();
    for (let number = 0; number < 200; number++) rmSync(`${lab.node(1).data}/file-${number}`);
    await lab.waitUntilEqual();
    for (const { number } of lab.nodes) {
      const named = (await entries(number)).filter(({ MESSAGE }) =>
        String(MESSAGE).includes('file-'),
      );
      assert.deepEqual(named, []);
    }
    assert.equal((await entries(1)).length, before);
  });

  test('a peer that is cut off is one entry of its own, and its return another', async () => {
    await lab.link('cut', 2);
    writeFileSync(`${lab.node(1).data}/while-cut`, 'text\n');
    await lab.waitFor('the entry', async () => (await downs()).length > 0);
    // Several attempts later there is still one for each reason.
    await lab.waitFor('further attempts', async () => ((await peer(1)).failing_s ?? 0) > 15);
    const reasons = (await downs()).map(({ REASON }) => REASON);
    assert.equal(new Set(reasons).size, reasons.length, JSON.stringify(await downs()));
    for (const entry of await downs()) {
      const { PEER, PRIORITY, FILES } = entry;
      assert.deepEqual([PEER, PRIORITY, FILES], ['node2', '4', '1'], JSON.stringify(entry));
      assert.match(String(entry.REASON), /^(unreachable|stalled)$/);
    }
    await lab.link('heal', 2);
    await lab.mustRun(1, 'inotify-csync', 'retry', 'node2');
    await lab.waitFor('the file', () => existsSync(`${lab.node(2).data}/while-cut`), 180);
    const back = () => entries(1, `MESSAGE_ID=${messageIds.peerBack}`);
    await lab.waitFor('its return', async () => (await back()).length > 0);
    const [entry, ...others] = await back();
    assert.deepEqual(others, []);
    assert.deepEqual([entry?.PEER, entry?.PRIORITY], ['node2', '6']);
    assert.ok(Number(entry?.REPEATS) >= 2, String(entry?.REPEATS));
    assert.ok(Number(entry?.DURATION_MS) > 1000);
    assert.match(String(entry?.MESSAGE), /^node2 is back \(after .*, \d+ times\)$/);
  });

  test('journalctl finds a peer by name, and explains what is to be done', async () => {
    const text = await lab.bash(1, 'journalctl --no-pager -x -u inotify-csync PEER=node2');
    assert.match(text, /Subject: Files cannot be sent to node2\n/);
    assert.match(text, /What to do: check that node2 is running/);
    assert.doesNotMatch(text, /is ready/);
  });

  test('names are bytes, and a conflict names the file and the remedy', async () => {
    const name = Buffer.from('both\xff\nnew line', 'latin1');
    const paths = lab.nodes.map(({ data }) => Buffer.concat([Buffer.from(`${data}/`), name]));
    writeFileSync(paths[0] as Buffer, 'as it was\n');
    await lab.waitUntilEqual();
    await lab.link('cut', 2);
    writeFileSync(paths[0] as Buffer, 'as node1 has it\n');
    writeFileSync(paths[1] as Buffer, 'as node2 has it, longer\n');
    for (const number of [1, 2])
      await lab.waitFor('both to notice', async () => ((await peer(number)).pending ?? 0) > 0);
    await lab.link('heal', 2);
    const conflicts = () => entries(1, `MESSAGE_ID=${messageIds.fileConflict}`);
    await lab.waitFor(
      'the conflict',
      async () => {
        await lab.run(1, 'inotify-csync', 'retry', 'node2');
        return (await conflicts()).length > 0;
      },
      180,
    );
    const [entry] = await conflicts();
    const path = Buffer.concat([Buffer.from('/srv/data/'), name]);
    assert.deepEqual([entry?.PEER, entry?.PRIORITY, entry?.REASON], ['node2', '4', 'conflict']);
    assert.deepEqual(entry?.PATH, [...path]);
    const text = await lab.bash(
      1,
      `journalctl --no-pager -x -u inotify-csync MESSAGE_ID=${messageIds.fileConflict}`,
    );
    assert.match(text, /\\xff\\x0anew line was changed both here and on node2/);
    assert.match(text, /`inotify-csync resolve FILE --keep HOST`/);
    for (const file of paths) rmSync(file);
  });

  test('a root that is away is an error with its path, and its return says how long', async () => {
    await lab.bash(2, 'mkdir /srv/aside; cp -a /srv/data/. /srv/aside; rm -rf /srv/data/*');
    const missing = () => entries(2, `MESSAGE_ID=${messageIds.rootMissing}`);
    await lab.waitFor('the entry', async () => (await missing()).length > 0);
    const [entry] = await missing();
    assert.deepEqual([entry?.PRIORITY, entry?.ROOT, entry?.REASON], ['3', '/srv/data', 'emptied']);
    await lab.bash(2, 'cp -a /srv/aside/. /srv/data');
    const back = () => entries(2, `MESSAGE_ID=${messageIds.rootBack}`);
    await lab.waitFor('its return', async () => (await back()).length > 0);
    const [over] = await back();
    assert.deepEqual([over?.PRIORITY, over?.ROOT], ['6', '/srv/data']);
    assert.ok(Number(over?.DURATION_MS) >= 0);
  });

  test('a server that dies, and a configuration that is rejected', async () => {
    await lab.bash(1, 'kill -KILL $(pgrep -o -x csync2)');
    await lab.waitFor(
      'its return',
      async () => (await entries(1, `MESSAGE_ID=${messageIds.serverBack}`)).length > 0,
    );
    const [down] = await entries(1, `MESSAGE_ID=${messageIds.serverDown}`);
    assert.equal(down?.PRIORITY, '3');
    await lab.bash(1, 'cp /etc/csync2.cfg /root/; echo "nonsense;" >> /etc/csync2.cfg');
    const rejected = () => entries(1, `MESSAGE_ID=${messageIds.configRejected}`);
    await lab.waitFor('the rejection', async () => (await rejected()).length > 0);
    const [entry] = await rejected();
    assert.deepEqual([entry?.PRIORITY, entry?.ERROR_CODE], ['3', 'ICS_CSYNC2_CONFIG']);
    await lab.bash(1, 'cp /root/csync2.cfg /etc/csync2.cfg');
    await lab.waitFor(
      'it to be read',
      async () => (await entries(1, `MESSAGE_ID=${messageIds.configRead}`)).length > 0,
    );
  });

  test('an error that ends the service at once is among its entries, with an id', async () => {
    for (let times = 0; times < 5; times++) {
      await lab.bash(
        1,
        'systemctl stop inotify-csync; sed -i "s/^group lab/grup lab/" /etc/csync2.cfg',
      );
      const rejected = () => entries(1, `MESSAGE_ID=${messageIds.configRejected}`);
      const known = (await rejected()).length;
      assert.notEqual((await lab.run(1, 'systemctl', 'start', 'inotify-csync')).code, 0);
      await lab.mustRun(1, 'journalctl', '--sync');
      const found = (await rejected()).slice(known);
      assert.equal(found.length, 1);
      assert.match(String(found[0]?.MESSAGE), /\/etc\/csync2\.cfg:\d+: .*; \S/);
      await lab.bash(
        1,
        'cp /root/csync2.cfg /etc/csync2.cfg; systemctl reset-failed inotify-csync',
      );
    }
    await lab.mustRun(1, 'systemctl', 'start', 'inotify-csync');
  });

  test('a journal whose socket is away gets lines with priorities', async () => {
    await lab.bash(
      1,
      `mkdir -p /run/systemd/system/inotify-csync.service.d
       printf '[Service]\\nInaccessiblePaths=/run/systemd/journal/socket\\n' \
         > /run/systemd/system/inotify-csync.service.d/test.conf
       systemctl daemon-reload; systemctl restart inotify-csync`,
    );
    let lines: readonly Entry[] = [];
    // journald reads them after systemd has been told that the service is ready.
    await lab.waitFor('the line', async () => {
      const all = await entries(1, '_TRANSPORT=stdout');
      lines = all.filter(({ MESSAGE }) => /^ready: /.test(String(MESSAGE)));
      return lines.length > 0;
    });
    assert.deepEqual(
      lines.map(({ PRIORITY, SYSLOG_IDENTIFIER }) => [PRIORITY, SYSLOG_IDENTIFIER]),
      [['6', 'inotify-csync']],
    );
  });

  /** Entries of the service, oldest first. */
  async function entries(number: number, ...matches: string[]): Promise<Entry[]> {
    const words = [
      'journalctl',
      '--unit=inotify-csync',
      '--output=json',
      '--all',
      '--quiet',
      '--no-pager',
    ];
    const text = await lab.mustRun(number, ...words, ...matches);
    const all = text.split('\n').filter((line) => line !== '');
    return all.map((line) => JSON.parse(line) as Entry).filter(({ _COMM }) => _COMM !== 'systemd');
  }

  function downs(): Promise<Entry[]> {
    return entries(1, `MESSAGE_ID=${messageIds.peerDown}`, 'PEER=node2');
  }

  /** What a host's status says of the other. */
  async function peer(number: number): Promise<PeerStatus> {
    const { stdout } = await lab.run(number, 'inotify-csync', 'status', '--json');
    const [found] = (JSON.parse(stdout) as Status).peers;
    assert.ok(found);
    return found;
  }
});
