import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Lab } from '../support/lab.js';

const folder = new URL('../../../systemd/', import.meta.url);
const unit = readFileSync(new URL('inotify-csync.service', folder), 'utf8');
const template = readFileSync(new URL('inotify-csync@.service', folder), 'utf8');

test('the template differs from the unit in its names alone', () => {
  const body = (text: string) =>
    text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const expected = body(unit).map((line) =>
    line
      .replace(/^(Description=.*)/, '$1 (csync2_%i.cfg)')
      .replace(/^(EnvironmentFile=-\/etc\/default\/inotify-csync)$/, '$1-%i')
      .replace(/^((State|Runtime|Logs)Directory=inotify-csync)$/, '$1-%i')
      .replace('run $OPTIONS', 'run -C %i $OPTIONS'),
  );
  assert.deepEqual(body(template), expected);
});

describe('the unit', () => {
  let lab: Lab;
  before(async () => {
    lab = await Lab.boot(2);
    for (const { number } of lab.nodes) {
      const action =
        'action { pattern /srv/data/*; exec "id -u > /run/action; systemctl is-active dbus.socket >> /run/action"; do-local; }';
      await lab.configure(action);
      // A second configuration, beside the first.
      await lab.bash(
        number,
        `mkdir -p /srv/blue; sed 's|/srv/data;|/srv/blue;|; /action/d' /etc/csync2.cfg > /etc/csync2_blue.cfg;
         mkdir -p /etc/default; echo 'OPTIONS=--server external' > /etc/default/inotify-csync-blue`,
      );
    }
    await lab.start();
    await lab.waitUntilChecked();
  });
  after(() => lab?.down());

  test('is verified by systemd without a word', async () => {
    for (const name of ['inotify-csync.service', 'inotify-csync@blue.service']) {
      const { code, stdout, stderr } = await lab.run(
        1,
        'systemd-analyze',
        'verify',
        '--man=no',
        name,
      );
      assert.deepEqual([code, stdout, stderr], [0, '', '']);
    }
  });

  test('is exposed by 3.0 at most, as systemd-analyze counts', async () => {
    for (const name of ['inotify-csync.service', 'inotify-csync@blue.service']) {
      const words = ['systemd-analyze', 'security', '--no-pager', '--threshold=30', name];
      const { code, stdout } = await lab.run(1, ...words);
      assert.equal(code, 0, stdout);
    }
  });

  test('csync2 sets owner, group, mode and all kinds of files under it', async () => {
    await lab.bash(
      1,
      `cd /srv/data; mkdir -p d/e; chown 33:33 d; chmod 2775 d; chmod 0700 d/e
       echo x > f; chown 1234:4321 f; chmod 6755 f
       echo secret > d/e/s; chown 0:42 d/e/s; chmod 0640 d/e/s; ln -s f l; mkfifo p`,
    );
    await lab.waitUntilEqual();
    const { uid, gid, mode } = statSync(`${lab.node(2).data}/f`);
    assert.deepEqual([uid, gid, mode & 0o7777], [1234, 4321, 0o6755]);
    assert.equal(statSync(`${lab.node(2).data}/d`).mode & 0o7777, 0o2775);
  });

  test('actions run on both sides, as root, and reach systemd', async () => {
    for (const { number, root } of lab.nodes) {
      const file = `${root}/run/action`;
      await lab.waitFor(
        'the action',
        async () => (await lab.run(number, 'test', '-s', '/run/action')).code === 0,
      );
      assert.equal(await lab.mustRun(number, 'cat', '/run/action'), '0\nactive\n', file);
    }
  });

  test('a file system that is mounted while it runs is seen', async () => {
    await lab.bash(1, 'mkdir /srv/data/m');
    await lab.waitUntilEqual();
    await lab.bash(1, 'mount -t tmpfs none /srv/data/m; echo x > /srv/data/m/inside');
    await lab.waitFor('the file', () => existsSync(`${lab.node(2).data}/m/inside`));
    // What is unmounted is gone, and csync2 says so; how that goes is no matter of the unit.
    await lab.unmount(1, '/srv/data/m');
    await lab.bash(1, 'rmdir /srv/data/m');
    await lab.bash(2, 'rm -rf /srv/data/m');
  });

  test('reload re-reads the settings and csync2.cfg, and it is the same process', async () => {
    const show = async (name: string) =>
      (await lab.mustRun(1, 'systemctl', 'show', '-P', name, 'inotify-csync')).trim();
    const pid = await show('MainPID');
    appendFileSync(`${lab.node(1).root}/etc/csync2.cfg`, '# no change\n');
    await lab.mustRun(1, 'systemctl', 'reload', 'inotify-csync');
    assert.deepEqual([await show('MainPID'), await show('ActiveState')], [pid, 'active']);
    await lab.waitUntilEqual();
  });

  test('a reload that is refused fails, with the reason, and changes nothing', async () => {
    const file = `${lab.node(1).root}/etc/csync2.cfg`;
    const sound = readFileSync(file, 'utf8');
    writeFileSync(file, sound.replace('include', 'inclde'));
    const systemd = await lab.run(1, 'systemctl', 'reload', 'inotify-csync');
    assert.equal(systemd.code, 1);
    const own = await lab.run(1, 'inotify-csync', 'reload', '--json');
    assert.equal(own.code, 78);
    assert.match(own.stdout, /csync2.cfg:[0-9]+: found .*inclde/);
    writeFileSync(file, sound);
    await lab.mustRun(1, 'systemctl', 'reload', 'inotify-csync');
    await lab.mustRun(1, 'inotify-csync', 'reload');
    await lab.waitUntilEqual();
  });

  test('an instance works beside it, with directories of its own', async () => {
    for (const { number } of lab.nodes) {
      await lab.mustRun(number, 'csync2', '-C', 'blue', '-cIr', '/');
      await lab.mustRun(number, 'systemctl', 'start', 'inotify-csync@blue');
    }
    await lab.bash(1, 'echo blue > /srv/blue/file');
    await lab.waitFor(
      'the file of the other configuration',
      async () => (await lab.run(2, 'test', '-s', '/srv/blue/file')).code === 0,
    );
    for (const [path, access] of [
      ['/var/lib/inotify-csync-blue', '700 root'],
      // The read socket lies there, and nothing else that the group may open.
      ['/run/inotify-csync-blue', '710 inotify-csync'],
      ['/var/log/inotify-csync-blue', '700 root'],
    ] as const) {
      assert.equal((await lab.mustRun(1, 'stat', '-c', '%a %G', path)).trim(), access);
    }
    await lab.mustRun(1, 'systemctl', 'stop', 'inotify-csync@blue');
    assert.equal(
      (await lab.run(1, 'test', '-S', '/run/inotify-csync/control.sock')).code,
      0,
      'the other one lives on',
    );
  });

  test('no core is dumped, and only what is needed may be done', async () => {
    const pid = (
      await lab.mustRun(1, 'systemctl', 'show', '-P', 'MainPID', 'inotify-csync')
    ).trim();
    const status = await lab.mustRun(1, 'cat', `/proc/${pid}/status`);
    assert.match(status, /^NoNewPrivs:\t1$/m);
    assert.match(status, /^Seccomp:\t2$/m);
    // chown, dac_override, dac_read_search, fowner, fsetid, kill: capabilities(7), bits 0 to 5.
    assert.match(status, /^CapBnd:\t000000000000003f$/m);
    assert.match(await lab.mustRun(1, 'cat', `/proc/${pid}/limits`), /^Max core file size +0 +0 /m);
  });

  test('a socket of csync2 is stopped before we start', async () => {
    await lab.bash(1, 'systemctl stop inotify-csync; systemctl start csync2.socket');
    await lab.mustRun(1, 'systemctl', 'start', 'inotify-csync');
    assert.equal(
      (await lab.run(1, 'systemctl', 'is-active', 'csync2.socket')).stdout,
      'inactive\n',
    );
    writeFileSync(`${lab.node(1).data}/after`, 'x\n');
    await lab.waitUntilEqual();
  });
});
