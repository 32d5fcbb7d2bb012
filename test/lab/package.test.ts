import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { mustRun, runCommand } from '../support/command.js';
import { Lab } from '../support/lab.js';
import { removeProduct } from '../support/lab-packages.js';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'package-test-'));
const packages = (
  await mustRun([join(repository, 'scripts/package'), '--output', folder], { env: process.env })
)
  .trimEnd()
  .split('\n');
const [deb = '', tarball = ''] = packages;
after(() => rmSync(folder, { recursive: true }));

describe('the package for Debian', () => {
  test('has no errors that lintian knows of', async (context) => {
    const result = await runCommand(['lintian', '--fail-on', 'error', deb]).catch(
      (error: Error) => error,
    );
    if (result instanceof Error) {
      context.skip('lintian is not installed');
      return;
    }
    assert.equal(result.code, 0, result.stdout + result.stderr);
  });

  test('carries nothing that only builders need', async () => {
    const list = await mustRun(['dpkg-deb', '--contents', deb]);
    assert.doesNotMatch(list, /\.(cc|cpp|gyp|gypi|d\.ts|map)$/m);
    assert.doesNotMatch(list, /node_modules\/(typescript|@biomejs|node-addon-api)\//);
    assert.match(list, /\/build\/Release\/inotify_csync\.node$/m);
  });

  test('carries alerts, dashboard and plugin', async () => {
    const list = await mustRun(['dpkg-deb', '--contents', deb]);
    for (const name of [
      'README.md',
      'alerts.yml',
      'alerts.test.yml',
      'dashboard.json',
      'check_inotify_csync',
    ]) {
      assert.ok(list.includes(` ./usr/share/doc/inotify-csync/docs/monitoring/${name}\n`), name);
    }
  });

  test('depends on what it calls', async () => {
    const depends = await mustRun(['dpkg-deb', '--field', deb, 'Depends']);
    for (const name of ['nodejs \\(>= 20', 'csync2', 'libsqlite3-0', 'libsystemd0', 'libc6 \\(']) {
      assert.match(depends, new RegExp(`(^|, )${name}`));
    }
  });
});

describe('on hosts', () => {
  let lab: Lab;
  before(async () => {
    lab = await Lab.boot(2);
    for (const { number, root } of lab.nodes) {
      await removeProduct(lab, number);
      copyFileSync(deb, join(root, 'root/inotify-csync.deb'));
      assert.notEqual((await lab.run(number, 'inotify-csync', '--version')).code, 0);
    }
  });
  after(() => lab?.down());

  test('installs, enables, starts and carries', async () => {
    for (const { number } of lab.nodes) {
      await install(number, '/root/inotify-csync.deb');
      assert.equal(
        (await show(number, 'ActiveState')).trim(),
        'inactive',
        'nothing starts by itself',
      );
      await lab.mustRun(number, 'csync2', '-cIr', '/');
      await lab.mustRun(number, 'systemctl', 'enable', '--now', 'inotify-csync');
    }
    assert.match(await lab.mustRun(1, 'getent', 'group', 'inotify-csync'), /^inotify-csync:/);
    assert.equal(
      await lab.mustRun(1, 'stat', '-c', '%a %G', '/run/inotify-csync/status.sock'),
      '660 inotify-csync\n',
    );
    const timer = await lab.run(1, 'systemctl', 'is-enabled', 'inotify-csync-metrics.timer');
    assert.equal(timer.stdout, 'disabled\n');
    writeFileSync(`${lab.node(1).data}/file`, 'text\n');
    await lab.waitFor('the file', () => existsSync(`${lab.node(2).data}/file`));
    await lab.waitUntilEqual();
  });

  test('manual pages and completions are found', async () => {
    for (const page of ['1 inotify-csync', '5 inotify-csync.toml', '8 inotify-csync.service']) {
      await lab.bash(1, `zcat /usr/share/man/man${page.replace(' ', '/')}.${page[0]}.gz | head -3`);
    }
    const completed = await lab.bash(
      1,
      `source /usr/share/bash-completion/completions/inotify-csync
       COMP_WORDS=(inotify-csync wat); COMP_CWORD=1; _inotify_csync; echo "\${COMPREPLY[*]}"`,
    );
    assert.equal(completed, 'watch-limit\n');
    await lab.bash(
      1,
      `head -1 /usr/share/zsh/vendor-completions/_inotify-csync | grep -qx '#compdef inotify-csync'
       inotify-csync completion fish | cmp - /usr/share/fish/vendor_completions.d/inotify-csync.fish`,
    );
  });

  test('the journal knows what its events mean', async () => {
    const listed = await lab.mustRun(1, 'journalctl', '--list-catalog');
    assert.match(listed, /inotify-csync: inotify-csync is ready/);
  });

  test('its limits are those of systemd-sysctl', async () => {
    const shown = await lab.mustRun(1, '/lib/systemd/systemd-sysctl', '--cat-config');
    assert.match(shown, /^fs\.inotify\.max_user_watches = 1048576$/m);
    const { code, stderr } = await lab.run(1, 'inotify-csync', 'watch-limit', '--apply');
    assert.equal(code, 71);
    assert.match(stderr, /it is read-only here\n {2}this looks like a container/);
  });

  test('an upgrade goes on with the new program, and no change is lost across it', async () => {
    const { root } = lab.node(1);
    await lab.bash(
      1,
      `cd /root; dpkg-deb -R inotify-csync.deb new; sed -i 's/^Version: .*/&.1/' new/DEBIAN/control
       sed -i 's/"version": "\\(.*\\)"/"version": "\\1-next"/' new/usr/lib/inotify-csync/package.json
       sed -i '/ usr.lib.inotify-csync.package.json$/d' new/DEBIAN/md5sums
       dpkg-deb --root-owner-group -Znone --build new new.deb >/dev/null`,
    );
    const before = await show(1, 'MainPID');
    const writing = lab.bash(
      1,
      'for i in $(seq 1000); do echo $i > /srv/data/during-$i; sleep 0.005; done; echo written',
    );
    await install(1, '/root/new.deb');
    assert.equal(await writing, 'written\n');
    assert.notEqual(await show(1, 'MainPID'), before);
    assert.equal(await show(1, 'ActiveState'), 'active\n');
    assert.match(await lab.mustRun(1, 'inotify-csync', '--version'), /-next\n$/);
    await lab.waitUntilEqual(120);
    assert.equal(readFileSync(`${lab.node(2).data}/during-1000`, 'utf8'), '1000\n');
    assert.ok(existsSync(join(root, 'var/lib/inotify-csync')));
  });

  test('removed, it leaves its data; purged, nothing but the lab of the tests', async () => {
    await lab.bash(
      1,
      'echo OPTIONS= > /etc/default/inotify-csync; mkdir -p /var/lib/inotify-csync-lab/x',
    );
    await lab.mustRun(1, 'dpkg', '--remove', 'inotify-csync');
    assert.equal(await show(1, 'LoadState'), 'not-found\n');
    const left =
      'ls -d /usr/lib/inotify-csync /usr/bin/inotify-csync /etc/systemd/system/*/inotify-csync* 2>/dev/null || true';
    assert.equal(await lab.bash(1, left), '');
    assert.doesNotMatch(await lab.mustRun(1, 'journalctl', '--list-catalog'), /inotify-csync/);
    await lab.bash(
      1,
      'test -e /var/lib/inotify-csync/queue.log.cursor && test -e /etc/default/inotify-csync',
    );
    await lab.mustRun(1, 'dpkg', '--purge', 'inotify-csync');
    const all =
      'ls -d /var/lib/inotify-csync* /var/log/inotify-csync* /run/inotify-csync* /etc/default/inotify-csync* || true';
    assert.equal(await lab.bash(1, `(${all}) 2>/dev/null`), '/var/lib/inotify-csync-lab\n');
    assert.equal(
      readFileSync(`${lab.node(1).data}/file`, 'utf8'),
      'text\n',
      'the trees are not ours to remove',
    );
  });

  async function install(number: number, file: string): Promise<void> {
    // All that it depends on is there, as on a host that apt has prepared; there is no network to
    // fetch it from.
    await lab.bash(number, `DEBIAN_FRONTEND=noninteractive dpkg --install ${file}`);
  }

  function show(number: number, property: string): Promise<string> {
    return lab.mustRun(number, 'systemctl', 'show', '-P', property, 'inotify-csync');
  }
});

test('the tarball of npm builds its addon and runs', async () => {
  await mustRun(['tar', '-xf', tarball, '-C', folder]);
  const unpacked = join(folder, 'package');
  // What npm would fetch is here already.
  symlinkSync(join(repository, 'node_modules'), join(unpacked, 'node_modules'));
  await mustRun(['npm', 'run', '--ignore-scripts=false', 'install'], {
    cwd: unpacked,
    env: process.env,
  });
  writeFileSync(join(folder, 'key'), 'x'.repeat(64), { mode: 0o600 });
  writeFileSync(
    join(folder, 'csync2.cfg'),
    `group g { host a b; key ${folder}/key; include ${folder}/package; }`,
  );
  const words = [
    process.execPath,
    join(unpacked, 'dist/cli/main.js'),
    'explain',
    '-N',
    'a',
    '--cfg-path',
    folder,
  ];
  const { code, stdout, stderr } = await runCommand([...words, join(unpacked, 'package.json')]);
  assert.equal(code, 0, stdout + stderr);
});
