/** The part of docs/benchmarks.md that is made of saved results. */
import { BenchFailedError } from '../errors.js';
import type { SavedResult } from '../saved/saved-result.js';
import type { Plot } from './plot.js';

const begin = '<!-- Made by `npm run bench -- report`: do not edit. -->';
const end = '<!-- End of what is made. -->';

/**
 * The page with its part made anew. Throws a {@link BenchFailedError} if it has no place for it.
 */
export function withPlots(page: string, plots: readonly Plot[]): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from)
    throw new BenchFailedError(
      'docs/benchmarks.md has no place for plots',
      `it needs ${begin} and ${end}`,
    );
  const part = plots.length === 0 ? 'There are no saved results.' : plots.map(section).join('\n\n');
  return `${page.slice(0, from)}${begin}\n\n${part}\n\n${page.slice(to)}`;
}

function section(plot: Plot): string {
  return [
    `### ${plot.title}`,
    wrapped(plot.text),
    `![${plot.title}](benchmarks/${plot.name}.svg)`,
    ...(plot.table ? [tableOf(plot.table)] : []),
    [
      '| run | date | machine | versions | |',
      '|---|---|---|---|---|',
      ...plot.results.map(row),
    ].join('\n'),
  ].join('\n\n');
}

function tableOf([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

function row({ method, date, machine, versions }: SavedResult): string {
  const cells = [
    `\`${method.command}\``,
    date,
    `${machine.processors} × ${machine.model}, ${machine.memory_gib} GiB, Linux ${machine.kernel}; load before ${machine.load}`,
    `inotify-csync ${versions.inotify_csync}, Node ${versions.node}, csync2 ${versions.csync2}`,
    method.note,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** At most a hundred columns. */
function wrapped(text: string): string {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + 1 + word.length > 100) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.join('\n');
}
