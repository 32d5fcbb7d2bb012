import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';

/** What is in a tree: by path below it, all of each entry that csync2 carries over. */
export type Tree = ReadonlyMap<string, string>;

/**
 * Reads a tree. What vanishes meanwhile is left out, as are csync2's temporary files: those of a
 * session that was killed stay behind.
 */
export function readTree(root: string): Tree {
  const entries = new Map<string, string>();
  const visit = (path: string, name: string) => {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (!stat || isTemporary(name)) return;
    entries.set(name === '' ? '.' : name, describe(path, stat));
    if (!stat.isDirectory()) return;
    for (const child of namesIn(path))
      visit(join(path, child), name === '' ? child : `${name}/${child}`);
  };
  visit(root, '');
  return entries;
}

/** What differs, a line each; at most 20, then how many more. Empty if they are equal. */
export function differences(first: Tree, second: Tree): string[] {
  const lines: string[] = [];
  for (const name of new Set([...first.keys(), ...second.keys()])) {
    const [one, two] = [first.get(name) ?? 'absent', second.get(name) ?? 'absent'];
    if (one !== two) lines.push(`${name}: ${one} / ${two}`);
  }
  return lines.length > 20 ? [...lines.slice(0, 20), `and ${lines.length - 20} more`] : lines;
}

function describe(path: string, stat: Stats): string {
  const owner = `${(stat.mode & 0o7777).toString(8)} ${stat.uid}:${stat.gid}`;
  if (stat.isDirectory()) return `directory ${owner}`;
  if (stat.isSymbolicLink()) return `link to ${readLink(path)}`;
  if (!stat.isFile()) return `special ${owner}`;
  const content = readText(path);
  const hash = () => createHash('sha1').update(content, 'latin1').digest('hex');
  const shown = content.length > 60 ? `${content.slice(0, 20)}… ${hash()}` : content;
  // csync2 carries whole seconds.
  return `file ${owner} ${Math.floor(stat.mtimeMs / 1000)} ${JSON.stringify(shown)}`;
}

function isTemporary(name: string): boolean {
  return /(^|\/)\.[^/]*\.[A-Za-z0-9]{6}$/.test(name);
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return 'vanished';
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return 'vanished';
  }
}
