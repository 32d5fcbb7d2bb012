import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Random } from './random.js';
import { names, tops } from './random-config.js';

/**
 * Makes a random tree of files, directories and symbolic links below the top-level names of `root`,
 * removing what was there.
 */
export function growTree(random: Random, root: string): void {
  for (const top of tops) {
    const path = Buffer.from(`${root}/${top}`, 'latin1');
    rmSync(path.toString('latin1'), { recursive: true, force: true });
    if (random.chance(85)) grow(random, path, 0);
    else if (random.chance(50)) writeFileSync(path, '');
  }
}

function grow(random: Random, path: Buffer, depth: number): void {
  mkdirSync(path);
  const chosen = new Set(random.times(0, depth > 3 ? 0 : 5 - depth, () => random.pick(names)));
  for (const name of chosen) {
    const child = Buffer.concat([path, Buffer.from(`/${name}`, 'latin1')]);
    const kind = random.below(10);
    if (kind < 6) grow(random, child, depth + 1);
    else if (kind < 9) writeFileSync(child, '');
    else symlinkSync(random.pick(['.', '/t', 'missing']), child);
  }
}
