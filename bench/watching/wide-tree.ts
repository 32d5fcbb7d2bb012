import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { progress } from '../progress.js';

/**
 * Makes a tree of exactly `count` directories, `root` among them: eight in each, so that 100,000
 * are six levels deep, and 1.7 files in each on average. Stops the event loop now and then only for
 * as long as a thousand take.
 */
export async function makeWideTree(root: string, count: number): Promise<void> {
  const paths: string[] = [];
  mkdirSync(root);
  for (let number = 0; number < count; number += 1) {
    const path =
      number === 0
        ? root
        : join(paths[Math.floor((number - 1) / 8)] as string, `directory-${number % 8}`);
    if (number > 0) mkdirSync(path);
    for (let file = 0; file < (number % 10 < 7 ? 2 : 1); file += 1)
      writeFileSync(join(path, `file-${file}.txt`), '');
    paths.push(path);
    if (number % 1000 === 999) await new Promise((resolve) => setImmediate(resolve));
    if (number % 25_000 === 24_999) progress(`${number + 1} of ${count} directories`);
  }
}
