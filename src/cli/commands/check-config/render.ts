import type { ConfigReport } from './report.js';

/** The report for people: blocks of aligned columns. */
export function renderReport(report: ConfigReport): string {
  const { hostName, files, peers, roots, groups, prefixes, warnings, settings, settingsFile } =
    report;
  const blocks = [
    block('csync2', [
      ['this host', hostName],
      ['configuration', files.join(', ')],
      ['database', report.csync2Options.database ?? "csync2's own choice"],
    ]),
    block(
      'peers',
      peers.map(({ name, slave, groups: shared }) => [
        name,
        `group ${shared.join(', ')}`,
        slave ? 'only receives' : '',
      ]),
    ),
    block(
      'trees',
      roots.map(({ path, exists, places }) => [path, exists ? '' : 'MISSING', places.join(', ')]),
    ),
    ...groups.map(({ name, auto, patterns }) =>
      block(
        `group ${name} (auto ${auto})`,
        patterns.map(({ action, pattern, place }) => [action, pattern, place]),
      ),
    ),
    block(
      'prefixes',
      prefixes.map(({ name, path }) => [`%${name}%`, path]),
    ),
    block(
      `settings${settingsFile === null ? '' : ` (${settingsFile})`}`,
      Object.entries(settings).map(([name, { value, origin }]) => [name, valueText(value), origin]),
    ),
    // Last, so that they are seen.
    block(
      'warnings',
      warnings.flatMap(({ text, hint, place }) => [
        [place === '' ? text : `${place}: ${text}`],
        [`  ${hint}`],
      ]),
    ),
  ];
  return blocks.filter((text) => text !== '').join('\n');
}

function block(title: string, rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const widths = [0, 1, 2].map((column) =>
    rows.reduce(
      (width, row) => Math.max(width, row.length > 1 ? (row[column] ?? '').length : 0),
      0,
    ),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${title}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
