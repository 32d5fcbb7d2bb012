/** The steps of the PKGBUILD, as makepkg calls them, lay down what the .deb has. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { mustRun } from '../support/command.js';
import { repository } from '../support/documents.js';
import { asElsewhere, filesOfDeb, makePackages, missingTool } from '../support/packages.js';

const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
  version: string;
};
const skip = await missingTool('dpkg-deb', 'dpkg-shlibdeps', 'strip');

describe('the PKGBUILD', { skip }, () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'arch-test-'));
    mkdirSync(join(folder, 'src'));
    mkdirSync(join(folder, 'pkg'));
    // makepkg unpacks the archive here; this checkout is compiled already.
    symlinkSync(repository, join(folder, 'src', `inotify-csync-${version}`));
  });
  after(() => rmSync(folder, { recursive: true }));

  test('has the version of package.json and the archive of that version', async () => {
    assert.equal(
      await pkgbuild('echo "$pkgname $pkgver $' + '{source[*]} $' + '{arch[0]}"'),
      `inotify-csync ${version} inotify-csync-${version}.tar.gz x86_64\n`,
    );
  });

  test('its steps lay down what the .deb has', async () => {
    const [deb = ''] = await makePackages(folder, 'deb');
    await pkgbuild('build; package');
    const listed = await mustRun([
      'find',
      join(folder, 'pkg'),
      '!',
      '-type',
      'd',
      '-printf',
      '%P\n',
    ]);
    assert.deepEqual(listed.trimEnd().split('\n').sort(), asElsewhere(await filesOfDeb(deb)));
    const writable = await mustRun([
      'find',
      join(folder, 'pkg'),
      '-perm',
      '/022',
      '!',
      '-type',
      'l',
    ]);
    assert.equal(writable, '');
  });

  test('the archive has what the steps call, below the folder that they enter', async () => {
    const [archive = ''] = await makePackages(folder, 'source');
    const listed = (await mustRun(['tar', '-tzf', archive])).split('\n');
    for (const name of ['scripts/setup', 'scripts/package', 'package-lock.json', 'native', 'src']) {
      const path = `inotify-csync-${version}/${name}`;
      assert.ok(listed.includes(path) || listed.includes(`${path}/`), path);
    }
  });

  /** Runs words in a shell that has read the PKGBUILD, with the folders of makepkg. */
  function pkgbuild(words: string): Promise<string> {
    const text = `srcdir=$0/src pkgdir=$0/pkg; . "$1"; ${words}`;
    const file = join(repository, 'scripts/arch/PKGBUILD');
    return mustRun(['bash', '-euc', text, folder, file], { env: process.env });
  }
});
