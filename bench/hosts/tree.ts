import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { progress } from '../progress.js';
import { seededRandom } from '../statistics.js';

/**
 * Makes `count` files of 100 to 900 bytes in `count` / 100 directories. Resolves to their names
 * below `root`.
 */
export async function makeTree(root: string, count: number, seed: number): Promise<string[]> {
  const random = seededRandom(seed);
  const files: string[] = [];
  for (let directory = 0; files.length < count; directory += 1) {
    const name = `d${String(directory).padStart(5, '0')}`;
    await mkdir(join(root, name));
    const names = Array.from({ length: Math.min(100, count - files.length) }, (_, file) =>
      join(name, `file-${String(file).padStart(2, '0')}.txt`),
    );
    await Promise.all(names.map((file) => writeFile(join(root, file), textOf(file, random))));
    files.push(...names);
    if (directory % 500 === 499) progress(`${files.length} of ${count} files`);
  }
  return files;
}

/** Copies what is in one directory into another, with times, owners and modes. */
export async function copyTree(from: string, to: string): Promise<void> {
  await promisify(execFile)('cp', ['-a', `${from}/.`, to]);
}

/** 100 to 900 bytes that no other file has. */
export function textOf(title: string, random: () => number): string {
  const head = `${title} ${random()}\n`;
  return head.padEnd(100 + Math.floor(random() * 800), 'abcdefghijklmnopqrstuvwxyz0123456789\n');
}
