/**
 * The .rpm on a host: rpm lays it down and runs its scriptlets; what it requires is there from
 * Debian.
 */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Lab } from '../support/lab.js';
import { removeProduct } from '../support/lab-packages.js';
import { makePackages } from '../support/packages.js';

describe('the .rpm on a host', () => {
  let lab: Lab;
  before(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rpm-test-'));
    const [rpm = ''] = await makePackages(folder, 'rpm');
    lab = await Lab.boot(2);
    await removeProduct(lab, 1);
    const { root } = lab.node(1);
    copyFileSync(rpm, join(root, 'root/inotify-csync.rpm'));
    rmSync(folder, { recursive: true });
    // As Fedora and openSUSE have it: nothing is enabled that nobody has asked for.
    mkdirSync(join(root, 'etc/systemd/system-preset'), { recursive: true });
    writeFileSync(join(root, 'etc/systemd/system-preset/99-default-disable.preset'), 'disable *\n');
  });
  after(() => lab?.down());

  test('installed, it enables and starts nothing', async () => {
    await rpm('--install', '/root/inotify-csync.rpm');
    assert.equal(await show('ActiveState'), 'inactive\n');
    for (const unit of ['inotify-csync.service', 'inotify-csync-metrics.timer']) {
      assert.equal((await lab.run(1, 'systemctl', 'is-enabled', unit)).stdout, 'disabled\n', unit);
    }
    assert.match(await lab.mustRun(1, 'getent', 'group', 'inotify-csync'), /^inotify-csync:/);
    assert.match(await lab.mustRun(1, 'journalctl', '--list-catalog'), /inotify-csync is ready/);
    await lab.mustRun(1, 'rpm', '--verify', '--nodeps', 'inotify-csync');
  });

  test('the service runs, and a change arrives', async () => {
    await lab.start();
    assert.equal(
      await lab.mustRun(1, 'stat', '-c', '%a %G', '/run/inotify-csync/status.sock'),
      '660 inotify-csync\n',
    );
    writeFileSync(`${lab.node(1).data}/file`, 'text\n');
    await lab.waitFor('the file', () => existsSync(`${lab.node(2).data}/file`));
    await lab.waitUntilEqual();
  });

  test('an upgrade goes on with the new program', async () => {
    const before = await show('MainPID');
    await rpm('--upgrade', '--replacepkgs', '/root/inotify-csync.rpm');
    assert.equal(await show('ActiveState'), 'active\n');
    assert.notEqual(await show('MainPID'), before);
    assert.equal(
      (await lab.run(1, 'systemctl', 'is-enabled', 'inotify-csync')).stdout,
      'enabled\n',
    );
    writeFileSync(`${lab.node(1).data}/file`, 'other text\n');
    await lab.waitUntilEqual();
  });

  test('removed, it leaves its data and nothing else', async () => {
    await lab.bash(1, 'echo OPTIONS= > /etc/default/inotify-csync');
    await rpm('--erase', 'inotify-csync');
    assert.equal(await show('LoadState'), 'not-found\n');
    const left = `ls -d /usr/lib/inotify-csync /usr/bin/inotify-csync /usr/share/*/inotify-csync \
        /usr/lib/s*/*inotify-csync* /usr/lib/systemd/*/inotify-csync* /etc/systemd/system/*/inotify-csync* \
        2>/dev/null || true`;
    assert.equal(await lab.bash(1, left), '');
    assert.doesNotMatch(await lab.mustRun(1, 'journalctl', '--list-catalog'), /inotify-csync/);
    await lab.bash(
      1,
      'test -e /var/lib/inotify-csync/queue.log.cursor && test -e /etc/default/inotify-csync',
    );
  });

  /** Debian's rpm knows of nothing that dpkg has installed, and asks whether alien is meant. */
  async function rpm(...words: string[]): Promise<void> {
    const { code, stdout, stderr } = await lab.run(
      1,
      'rpm',
      '--force-debian',
      '--nodeps',
      ...words,
    );
    assert.equal(code, 0, stdout + stderr);
  }

  function show(property: string): Promise<string> {
    return lab.mustRun(1, 'systemctl', 'show', '-P', property, 'inotify-csync');
  }
});
