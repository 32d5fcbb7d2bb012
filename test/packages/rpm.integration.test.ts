/**
 * The .rpm has what the .deb has, where other distributions have it, and its scriptlets do the
 * same.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { mustRun } from '../support/command.js';
import { repository } from '../support/documents.js';
import { asElsewhere, filesOfDeb, makePackages, missingTool } from '../support/packages.js';

const skip = await missingTool('rpmbuild', 'dpkg-deb', 'dpkg-shlibdeps');

describe('the .rpm', { skip }, () => {
  let folder: string;
  let deb = '';
  let rpm = '';
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rpm-test-'));
    [deb = '', rpm = ''] = await makePackages(folder, 'deb', 'rpm');
  });
  after(() => rmSync(folder, { recursive: true }));

  test('has the files of the .deb', async () => {
    const listed = await query('[%{FILEMODES:perms} %{FILENAMES}\n]');
    const files = listed
      .filter((line) => !line.startsWith('d'))
      .map((line) => line.slice(line.indexOf('/') + 1));
    assert.deepEqual(files.sort(), asElsewhere(await filesOfDeb(deb)));
  });

  test('all belongs to root, and nobody else may write to it', async () => {
    for (const line of await query(
      '[%{FILEUSERNAME}:%{FILEGROUPNAME} %{FILEMODES:perms} %{FILENAMES}\n]',
    )) {
      assert.match(line, /^root:root .....-..-. /);
    }
  });

  test('owns its own directories alone', async () => {
    const listed = await query('[%{FILEMODES:perms} %{FILENAMES}\n]');
    for (const line of listed.filter((each) => each.startsWith('d'))) {
      assert.match(line, / \/usr\/(lib|share\/doc|share\/licenses)\/inotify-csync(\/|$)/);
    }
  });

  test('marks documentation and licences as such', async () => {
    const flags = new Map(
      (await query('[%{FILENAMES} <%{FILEFLAGS:fflags}>\n]')).map((line) => {
        const [name = '', flag = ''] = line.split(' ');
        return [name, flag];
      }),
    );
    assert.equal(flags.get('/usr/share/doc/inotify-csync/docs/monitoring/alerts.yml'), '<d>');
    assert.equal(flags.get('/usr/share/man/man1/inotify-csync.1.gz'), '<d>');
    assert.equal(flags.get('/usr/share/licenses/inotify-csync/LICENSE'), '<l>');
    assert.equal(flags.get('/usr/lib/inotify-csync/dist/cli/main.js'), '<>');
  });

  test('requires what it calls, and provides no addon of its own to others', async () => {
    const requires = (await mustRun(['rpm', '-qp', '--requires', rpm])).split('\n');
    const major = Number(process.versions.node.split('.')[0]);
    const range = (name: string) => `${name} >= 20.19 with ${name} < ${major + 1}`;
    for (const name of [
      'csync2',
      'systemd',
      '/usr/bin/node',
      `((${range('nodejs(engine)')}) or (${range('nodejs')}))`,
    ]) {
      assert.ok(requires.includes(name), `${name} in ${requires.join(', ')}`);
    }
    for (const library of ['libsqlite3.so.0', 'libsystemd.so.0', 'libc.so.6', 'libstdc++.so.6']) {
      assert.ok(
        requires.some((each) => each.startsWith(`${library}(`)),
        library,
      );
    }
    const provides = await mustRun(['rpm', '-qp', '--provides', rpm]);
    assert.doesNotMatch(provides, /\.(so|node)/);
  });

  test('the version is that of package.json', async () => {
    const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
      version: string;
    };
    assert.deepEqual(await query('%{VERSION}-%{RELEASE}\n'), [`${version}-1`]);
  });

  test('its scriptlets are those of the .deb, called as rpm calls them', async () => {
    const scriptlets = (await mustRun(['rpm', '-qp', '--scripts', rpm])).split(
      /^(?=\w+ scriptlet)/m,
    );
    const [post = '', preun = '', postun = ''] = scriptlets;
    assert.equal(scriptlets.length, 3);
    for (const [text, name] of [
      [post, 'postinst'],
      [preun, 'prerm'],
      [postun, 'postrm'],
    ] as const) {
      const [whole = ''] = readFileSync(join(repository, 'scripts/debian', name), 'utf8')
        .replace('#!/bin/sh\n', '')
        .split('\nif [ "$1" = purge ]');
      assert.ok(text.includes(whole.trimEnd()), `${text}\nis to have\n${whole}`);
    }
    assert.match(post, /preset inotify-csync\.service/);
    assert.doesNotMatch(post, /(preset|enable).*metrics/, 'the metrics are for who enables them');
    for (const text of scriptlets) {
      await mustRun(['sh', '-n'], { input: text.replace(/^.*\n/, '') });
      assert.doesNotMatch(text, /purge|%%/);
    }
  });

  test('the same sources make the same package', async () => {
    const again = mkdtempSync(join(folder, 'again-'));
    const [second = ''] = await makePackages(again, 'rpm');
    assert.ok(readFileSync(second).equals(readFileSync(rpm)));
  });

  async function query(format: string): Promise<string[]> {
    return (await mustRun(['rpm', '-qp', '--queryformat', format, rpm])).trimEnd().split('\n');
  }
});
