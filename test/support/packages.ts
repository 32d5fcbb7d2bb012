import { join } from 'node:path';
import { mustRun, runCommand } from './command.js';
import { repository } from './documents.js';

/** Makes packages in these forms (`scripts/package`); gives their paths, in this order. */
export async function makePackages(folder: string, ...forms: readonly string[]): Promise<string[]> {
  const script = join(repository, 'scripts/package');
  const printed = await mustRun([script, '--output', folder, ...forms], { env: process.env });
  return printed.trimEnd().split('\n');
}

/** Why packages cannot be made here: the first of these programs that is not installed. */
export async function missingTool(...names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const { code } = await runCommand(['bash', '-c', 'type -P "$0"', name]);
    if (code !== 0) return `${name} is not installed`;
  }
  return undefined;
}

/** The files of a .deb, without a leading `/`, sorted. */
export async function filesOfDeb(deb: string): Promise<string[]> {
  const listed = await mustRun(['bash', '-c', 'dpkg-deb --fsys-tarfile "$0" | tar --list', deb]);
  return listed
    .split('\n')
    .filter((name) => name !== '' && !name.endsWith('/'))
    .map((name) => name.replace('./', ''))
    .sort();
}

/** The names that the files of the .deb have in packages of other distributions, sorted. */
export function asElsewhere(files: readonly string[]): string[] {
  return files
    .filter((name) => !debianOnly.includes(name))
    .map((name) => elsewhere[name] ?? name)
    .concat('usr/share/licenses/inotify-csync/LICENSE')
    .sort();
}

const debianOnly = [
  'usr/share/doc/inotify-csync/changelog.gz',
  'usr/share/lintian/overrides/inotify-csync',
];

const elsewhere: Readonly<Record<string, string>> = {
  'usr/share/doc/inotify-csync/copyright': 'usr/share/licenses/inotify-csync/copyright',
  'usr/share/zsh/vendor-completions/_inotify-csync': 'usr/share/zsh/site-functions/_inotify-csync',
};
