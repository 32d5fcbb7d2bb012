import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { Status } from '#src/observe/status.js';
import { Lab } from '../support/lab.js';
import { LabService } from '../support/lab-service.js';

/** csync2, but it refuses to check one file as long as /run/refuse is there. */
const refusingCsync2 = `#!/bin/sh
case " $* " in *' -c '*' /srv/data/refused '*) [ ! -e /run/refuse ] || { echo 'cannot do it' >&2; exit 1; } ;; esac
exec csync2 "$@"
`;

describe('a restart has no blind moment', () => {
  let lab: Lab;
  let service: LabService;
  before(async () => {
    lab = await Lab.boot(2);
    service = new LabService(lab, 1);
    await service.dropIn();
    writeFileSync(`${lab.node(1).root}/usr/local/bin/refusing-csync2`, refusingCsync2, {
      mode: 0o755,
    });
    writeFileSync(
      `${lab.node(1).root}/etc/inotify-csync.toml`,
      'csync2 = "/usr/local/bin/refusing-csync2"\n',
    );
    await lab.start();
    await lab.waitUntilChecked();
    await lab.bash(
      1,
      'cd /srv/data; mkdir -p old/deep; for i in $(seq 500); do echo 1 > old/f$i; done',
    );
    await lab.waitUntilEqual();
  });
  after(() => lab?.down());

  /** 1,000 changes of all kinds; the text tells one round from another. */
  const thousand = (text: string) =>
    `cd /srv/data
     for i in $(seq 400); do echo ${text} > new-${text}-$i; done
     for i in $(seq 400); do echo ${text} > old/f$i; done
     mkdir -p tree-${text}/a/b; for i in $(seq 100); do echo ${text} > tree-${text}/a/b/$i; done
     for i in $(seq 401 450); do mv old/f$i old/deep/${text}-$i; done
     for i in $(seq 451 500); do chmod 600 old/f$i; done
     mv old/deep old/deeper; echo ${text} > old/deeper/after; mv old/deeper old/deep; rm old/f1`;

  /** Restores what the next round changes. */
  const again =
    'cd /srv/data; for i in $(seq 500); do echo again > old/f$i; chmod 644 old/f$i; done';

  for (const how of ['restart', 'KILL'] as const) {
    test(`1,000 changes while it is dead by ${how} arrive without a full check`, async () => {
      await lab.bash(1, again);
      await lab.waitUntilEqual();
      await service.quiet();
      const before = await lab.fullChecks(1);
      await service.whileDead(how, thousand(how));
      await lab.waitUntilEqual();
      const here = lab.node(2).data;
      assert.equal(readFileSync(`${here}/new-${how}-400`, 'utf8'), `${how}\n`);
      assert.equal(readFileSync(`${here}/tree-${how}/a/b/100`, 'utf8'), `${how}\n`);
      const journal = await lab.journal(1);
      assert.equal(await lab.fullChecks(1), before, journal.slice(-20).join('\n'));
      assert.match(journal.join('\n'), /continuing with the watches of the last run/);
    });
  }

  test('killed twice, the second time as soon as it works again: nothing is lost', async () => {
    await service.quiet();
    await service.whileDead('KILL', 'echo 1 > /srv/data/twice-1');
    await service.whileDead('KILL', 'echo 2 > /srv/data/twice-2');
    await lab.waitUntilEqual();
  });

  test('more changes than the kernel keeps: one full check, and everything arrives', async () => {
    await lab.waitFor('no full check to be due', async () => {
      const { stdout } = await lab.run(1, 'inotify-csync', 'status', '--json');
      return (JSON.parse(stdout) as { full_check_due: unknown }).full_check_due === null;
    });
    await service.quiet();
    const before = await lab.fullChecks(1);
    const most = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'ascii'));
    // Two files in turn: the kernel merges events that are alike.
    await service.whileDead(
      'KILL',
      `cd /srv/data; echo first > overflow-first; python3 -c '
import os
for i in range(${most} + 1000):
    os.utime("old/f%d" % (2 + i % 2))'
       mkdir -p overflow/deep; echo last > overflow/deep/last; echo last > old/f9`,
    );
    await lab.waitUntilEqual();
    await lab.waitUntilChecked();
    assert.equal(await lab.fullChecks(1), before + 1);
    assert.match((await lab.journal(1)).join('\n'), /full check begins: .*queue overflowed/);
  });

  test('a reload leaves the newest watches with systemd, and only those', async () => {
    assert.equal(await service.show('NFileDescriptorStore'), '2');
    await lab.bash(1, "sed -i 's/^  auto none;/  auto younger;/' /etc/csync2.cfg");
    await lab.mustRun(1, 'systemctl', 'reload', 'inotify-csync');
    await lab.waitFor('the reload to be done', async () =>
      (await lab.journal(1)).some((line) => line.includes('reloaded')),
    );
    await lab.waitUntilChecked();
    assert.equal(await service.show('NFileDescriptorStore'), '2');
    await service.quiet();
    const before = await lab.fullChecks(1);
    await service.whileDead('restart', 'echo reloaded > /srv/data/reloaded');
    await lab.waitUntilEqual();
    assert.equal(await lab.fullChecks(1), before);
  });

  test('another configuration at the start makes a full check due', async () => {
    await service.quiet();
    const before = await lab.fullChecks(1);
    await service.whileDead('restart', "sed -i 's/^  auto younger;/  auto none;/' /etc/csync2.cfg");
    await lab.waitFor('the full check', async () => (await lab.fullChecks(1)) === before + 1);
    assert.match(
      (await lab.journal(1)).join('\n'),
      /full check begins: .*configuration has changed/,
    );
  });

  test('a mount that has changed meanwhile makes a full check due', async () => {
    await lab.bash(1, 'mkdir /srv/data/mounted');
    await lab.waitUntilEqual();
    await lab.waitUntilChecked();
    await service.quiet();
    const before = await lab.fullChecks(1);
    await service.whileDead(
      'restart',
      'mount -t tmpfs none /srv/data/mounted; echo x > /srv/data/mounted/inside',
    );
    await lab.waitFor('the full check', async () => (await lab.fullChecks(1)) === before + 1);
    await lab.waitFor(
      'the file',
      async () => (await lab.run(2, 'test', '-s', '/srv/data/mounted/inside')).code === 0,
    );
    await lab.unmount(1, '/srv/data/mounted');
    await lab.bash(1, 'rmdir /srv/data/mounted');
    await lab.mustRun(1, 'inotify-csync', 'accept-root', '/srv/data/mounted');
    await lab.waitFor(
      'it to be gone',
      async () => (await lab.run(2, 'test', '-e', '/srv/data/mounted')).code !== 0,
    );
    await lab.waitUntilChecked();
  });

  test('killed while a path waits to be tried again: a full check is due', async () => {
    await lab.waitUntilChecked();
    // One that was incomplete is repeated, and would take the file along.
    await lab.waitFor('no full check to be due', async () => {
      const { stdout } = await lab.run(1, 'inotify-csync', 'status', '--json');
      return (JSON.parse(stdout) as Pick<Status, 'full_check_due'>).full_check_due === null;
    });
    const before = await lab.fullChecks(1);
    await lab.bash(1, 'touch /run/refuse; echo x > /srv/data/refused');
    await service.quiet();
    // Last of all: between two tries the path is in the queue again for a moment, and no full check
    // is due.
    await lab.waitFor(
      'the queue to say so',
      async () =>
        (await lab.run(1, 'grep', '-q', ' aside ', '/var/lib/inotify-csync/queue.log.cursor'))
          .code === 0,
    );
    await service.whileDead('KILL', 'rm /run/refuse');
    await lab.waitUntilEqual();
    await lab.waitFor('the full check', async () => (await lab.fullChecks(1)) > before);
    assert.match((await lab.journal(1)).join('\n'), /full check begins: .*waiting for a retry/);
  });

  test('stopped and started: the watches are gone, a full check is due', async () => {
    await lab.waitUntilChecked();
    const before = await lab.fullChecks(1);
    await lab.mustRun(1, 'systemctl', 'stop', 'inotify-csync');
    assert.equal(await service.show('NFileDescriptorStore'), '0');
    await lab.bash(1, 'echo stopped > /srv/data/stopped');
    await lab.mustRun(1, 'systemctl', 'start', 'inotify-csync');
    await lab.waitUntilEqual();
    await lab.waitFor('the full check', async () => (await lab.fullChecks(1)) === before + 1);
    assert.match((await lab.journal(1)).join('\n'), /full check begins: .*no watches left/);
  });
});
