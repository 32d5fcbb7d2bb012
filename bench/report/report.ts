import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchOptions } from '../options.js';
import { repository, savedResults } from '../saved/save.js';
import { draw } from './draw.js';
import { withPlots } from './page.js';
import { plotsOf } from './plots.js';

const page = 'docs/benchmarks.md';
const folder = 'docs/benchmarks';

/**
 * Writes the plots of the saved results and their part of the page, and removes plots without
 * results. With `print` it writes nothing and returns the texts, by file, as JSON; otherwise what
 * it has written.
 */
export function report({ results, print }: Pick<BenchOptions, 'results' | 'print'>): string {
  const plots = plotsOf(savedResults(results));
  const texts = new Map([
    [page, withPlots(readFileSync(join(repository, page), 'utf8'), plots)],
    ...plots.map((plot) => [`${folder}/${plot.name}.svg`, draw(plot)] as const),
  ]);
  if (print) return `${JSON.stringify(Object.fromEntries(texts))}\n`;
  mkdirSync(join(repository, folder), { recursive: true });
  for (const name of readdirSync(join(repository, folder)))
    if (!texts.has(`${folder}/${name}`)) rmSync(join(repository, folder, name));
  for (const [file, text] of texts) writeFileSync(join(repository, file), text);
  return [...texts.keys()].map((file) => `${file}\n`).join('');
}
