import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Lab } from '../support/lab.js';

describe('monitoring on a host', () => {
  let lab: Lab;
  before(async () => {
    lab = await Lab.boot(2);
    // What the package's script does when it is installed.
    await lab.bash(
      1,
      `systemd-sysusers inotify-csync.conf; useradd --system --groups inotify-csync watcher
       mkdir -p /var/lib/prometheus/node-exporter; chown nobody: /var/lib/prometheus/node-exporter`,
    );
    await lab.bash(2, 'groupdel inotify-csync 2>/dev/null || true');
    await lab.start();
    await lab.waitUntilChecked();
  });
  after(() => lab?.down());

  test('a member of the group sees the status, also after a restart; nobody does not', async () => {
    for (let round = 0; round < 2; round += 1) {
      const status = await as('watcher', 'inotify-csync', 'status');
      assert.match(status.stdout, /^node1: /);
      assert.ok(!status.stdout.includes('/srv/data'), status.stdout);
      assert.match(
        (await as('watcher', 'inotify-csync', 'metrics')).stdout,
        /\ninotify_csync_up 1\n/,
      );
      const acts = await as('watcher', 'inotify-csync', 'check');
      assert.deepEqual([acts.code, acts.stderr.split('\n')[1]], [77, '  run this as root']);
      const stranger = await as('nobody', 'inotify-csync', 'status');
      assert.equal(stranger.code, 77);
      assert.match(stranger.stderr, /join the group inotify-csync: usermod -aG inotify-csync USER/);
      await lab.mustRun(1, 'systemctl', 'restart', 'inotify-csync');
    }
    const access = await lab.bash(
      1,
      'cd /run/inotify-csync; stat -c "%a %U %G" . control.sock status.sock',
    );
    assert.equal(access, '710 root inotify-csync\n600 root root\n660 root inotify-csync\n');
  });

  test('without the group only root is answered, and the journal says so', async () => {
    assert.equal((await lab.run(2, 'test', '-e', '/run/inotify-csync/status.sock')).code, 1);
    const told = (await lab.journal(2)).filter((line) =>
      line.includes('only root can ask for the status'),
    );
    assert.equal(told.length, 1);
    assert.match((await lab.run(2, 'inotify-csync', 'status')).stdout, /^node2: /);
  });

  test('the timer is off, verified, and replaces the file of the collector when it is on', async () => {
    const verified = await lab.run(
      1,
      ...['systemd-analyze', 'verify', '--man=no', 'inotify-csync-metrics.service'],
      'inotify-csync-metrics.timer',
    );
    assert.deepEqual([verified.code, verified.stdout, verified.stderr], [0, '', '']);
    const exposure = await lab.run(
      1,
      ...[
        'systemd-analyze',
        'security',
        '--no-pager',
        '--threshold=30',
        'inotify-csync-metrics.service',
      ],
    );
    assert.equal(exposure.code, 0, exposure.stdout);
    const isEnabled = await lab.run(1, 'systemctl', 'is-enabled', 'inotify-csync-metrics.timer');
    assert.equal(isEnabled.stdout, 'disabled\n');
    await lab.mustRun(1, 'systemctl', 'enable', '--now', 'inotify-csync-metrics.timer');
    await lab.waitFor('the file', async () => (await lab.run(1, 'test', '-s', file)).code === 0);
    assert.match(
      await text(),
      /\ninotify_csync_up 1\n[\s\S]*\ninotify_csync_peer_up\{peer="node2"\} 1\n/,
    );
    assert.equal(await lab.mustRun(1, 'stat', '-c', '%a %U', file), '644 root\n');
    assert.equal(await lab.mustRun(1, 'ls', directory), 'inotify-csync.prom\n');
  });

  test('a daemon that does not run is in the file, and no unit has failed', async () => {
    await lab.mustRun(1, 'systemctl', 'stop', 'inotify-csync');
    await lab.mustRun(1, 'systemctl', 'start', 'inotify-csync-metrics.service');
    assert.match(await text(), /\ninotify_csync_up 0\n$/);
    assert.equal(
      (await lab.run(1, 'systemctl', 'is-failed', 'inotify-csync-metrics.service')).code,
      1,
    );
    await lab.mustRun(1, 'systemctl', 'start', 'inotify-csync');
    const journal = await lab.mustRun(
      1,
      'journalctl',
      '-u',
      'inotify-csync-metrics.service',
      '-o',
      'cat',
      '-q',
    );
    assert.equal(journal, '', 'it fills no journal');
  });

  test('the service itself serves them, under all that the unit forbids', async () => {
    await lab.bash(
      1,
      `echo 'metrics_listen = "127.0.0.1:9823"' > /etc/inotify-csync.toml; systemctl restart inotify-csync`,
    );
    const script =
      "fetch('http://127.0.0.1:9823/metrics').then((r) => r.text()).then((t) => console.log(t))";
    assert.match((await as('nobody', 'node', '-e', script)).stdout, /\ninotify_csync_up 1\n/);
    const wrong = await lab.run(
      1,
      'inotify-csync',
      'check-config',
      '--metrics-listen',
      '[::]:9823',
    );
    assert.equal(wrong.code, 64);
    await lab.bash(1, `echo 'metrics_listen = "0.0.0.0:9823"' > /etc/inotify-csync.toml`);
    const refused = await lab.run(1, 'inotify-csync', 'check-config');
    assert.equal(refused.code, 78);
    assert.match(
      refused.stderr,
      /inotify-csync.toml:1: metrics_listen: "0.0.0.0:9823" is not a loopback address/,
    );
    await lab.bash(1, 'rm /etc/inotify-csync.toml');
  });

  function as(user: string, ...words: string[]) {
    return lab.run(1, 'runuser', '-u', user, '--', ...words);
  }

  function text(): Promise<string> {
    return lab.mustRun(1, 'cat', file);
  }
});

const directory = '/var/lib/prometheus/node-exporter';
const file = `${directory}/inotify-csync.prom`;
