/** The plots that saved results allow. */
import { stages, stageText } from '#src/sync/common/timeline.js';
import type { SavedResult } from '../saved/saved-result.js';
import { foundIn, largestRun, parameterOf, runsOver } from './choose.js';
import type { Plot, Point, Series } from './plot.js';

/** Each plot for which there are results, in the order of the page. */
export function plotsOf(results: readonly SavedResult[]): Plot[] {
  return [
    ...latencyDistribution(results),
    latencyOverFiles(results),
    ...stagesOfChanges(results),
    watchOverDirectories(results),
    bulkOverPeers(results),
    bulkOverRoundTrip(results),
    ...idleCost(results),
  ].filter(({ series }) => series.length > 0);
}

const sides = { ours: 'inotify-csync', floor: 'csync2 by hand', loop: 'shell loop' } as const;

function latencyDistribution(results: readonly SavedResult[]): Plot[] {
  const run = largestRun(
    results.filter(({ samples }) => Object.keys(samples).length > 0),
    'latency',
    'files',
  );
  if (!run) return [];
  const series = Object.entries(sides).map(([side, name]) => ({
    ...{ name, isStepped: true },
    points: distribution(run.samples[side] ?? []),
  }));
  const { files, nodes } = run.method.parameters;
  return [
    {
      name: 'latency-distribution',
      title: 'One change: distribution of latency',
      text: `Share of single changes that had reached every peer after a time; ${files} files, ${nodes} hosts.`,
      x: { title: 'milliseconds', scale: 'log' },
      y: { title: '% of changes', scale: 'linear' },
      ...{ series: filled(series), results: [run] },
    },
  ];
}

/** A change that was lost counts, but never arrives. */
function distribution(samples: readonly (number | null)[]): Point[] {
  const arrived = samples.filter((sample) => sample !== null).sort((a, b) => a - b);
  const steps = arrived.map(
    (sample, index): Point => [sample, rounded(((index + 1) / samples.length) * 100)],
  );
  return arrived[0] === undefined ? [] : [[arrived[0], 0], ...steps];
}

function stagesOfChanges(results: readonly SavedResult[]): Plot[] {
  const run = largestRun(results, 'trace', 'files');
  if (!run) return [];
  const p50 = (side: string, stage: string) => foundIn(run, side, stage, 'p50');
  const told = { ours: 'inotify-csync', before: 'before' } as const;
  const series = Object.entries(told).map(([side, name]) => ({
    name,
    points: stages.flatMap((stage): Point[] => {
      const value = p50(side, stage);
      return value === undefined ? [] : [[stage, value]];
    }),
  }));
  const { files, nodes } = run.method.parameters;
  return [
    {
      name: 'trace-stages',
      title: 'One change: where the milliseconds go',
      text:
        `Median of each stage of single changes, as the log tells them at level debug; ${files} ` +
        `files, ${nodes} hosts; of the peers, the last one. The medians of the stages do not sum up ` +
        'to the median of the total.',
      x: { title: '', scale: 'names' },
      y: { title: 'milliseconds', scale: 'linear' },
      ...{ series: filled(series), results: [run], table: stageTable(run, filled(series)) },
    },
  ];
}

/** A column of p50 and p90 for each build. */
function stageTable(run: SavedResult, series: readonly Series[]): string[][] {
  const sidesShown = series.length > 1 ? ['before', 'ours'] : ['ours'];
  const cell = (stage: string) => (side: string) =>
    ['p50', 'p90'].map((percent) => foundIn(run, side, stage, percent)?.toFixed(1) ?? '-');
  const head = sidesShown.flatMap((side) =>
    ['p50', 'p90'].map((percent) => (side === 'ours' ? percent : `${percent} ${side}`)),
  );
  const rows = stages.map((stage) => [stage, stageText[stage], ...sidesShown.flatMap(cell(stage))]);
  const total = (what: string, text: string) => [what, text, ...sidesShown.flatMap(cell(what))];
  return [
    ['stage, ms', '', ...head],
    ...rows,
    total('total', 'until the last peer has accepted it'),
    total('arrival', 'until the last peer has it, seen from outside'),
  ];
}

function latencyOverFiles(results: readonly SavedResult[]): Plot {
  const runs = runsOver(results, 'latency', 'files');
  const series = [
    line('inotify-csync, p50', runs, 'files', 'ours_p50_ms'),
    line('inotify-csync, p99', runs, 'files', 'ours_p99_ms'),
    line('csync2 by hand, p50', runs, 'files', 'floor_p50_ms'),
    line('shell loop, p50', runs, 'files', 'loop_p50_ms'),
  ];
  return {
    name: 'latency-over-files',
    title: 'One change: latency over size of the tree',
    text: 'Time until every peer has a single change, over the number of files in the tree.',
    x: { title: 'files', scale: 'log' },
    y: { title: 'milliseconds', scale: 'linear' },
    ...{ series: filled(series), results: runs },
  };
}

const tools = {
  ours: 'inotify-csync',
  c_loop: 'bare C loop',
  inotifywait: 'inotifywait',
  nsfw: 'nsfw',
  parcel_watcher: '@parcel/watcher',
  fs_watch: "Node's fs.watch",
  watchman: 'watchman',
  lsyncd: 'lsyncd',
} as const;

function watchOverDirectories(results: readonly SavedResult[]): Plot {
  const runs = runsOver(results, 'watch', 'dirs');
  const series = Object.entries(tools).map(([tool, name]) =>
    line(name, runs, 'dirs', tool, 'warm_s'),
  );
  return {
    name: 'watch-over-directories',
    title: 'Set-up of watches over directories',
    text: 'Time until the last watch stands, with warm caches, over the number of directories.',
    x: { title: 'directories', scale: 'log' },
    y: { title: 'seconds', scale: 'log' },
    ...{ series: filled(series), results: runs },
  };
}

function bulkOverPeers(results: readonly SavedResult[]): Plot {
  const runs = runsOver(results, 'bulk', 'nodes');
  const series = Object.entries(sides).map(([side, name]) => {
    const points = line(name, runs, 'nodes', `${side}_s`).points;
    return { name, points: points.map(([hosts, seconds]): Point => [Number(hosts) - 1, seconds]) };
  });
  return {
    name: 'bulk-over-peers',
    title: 'Many files at once: time over peers',
    text: 'Time until all peers have all new files, over the number of peers.',
    x: { title: 'peers', scale: 'linear' },
    y: { title: 'seconds', scale: 'linear' },
    ...{ series: filled(series), results: runs },
  };
}

function bulkOverRoundTrip(results: readonly SavedResult[]): Plot {
  const runs = runsOver(results, 'bulk', 'rtt');
  const series = Object.entries(sides).map(([side, name]) => line(name, runs, 'rtt', `${side}_s`));
  return {
    name: 'bulk-over-round-trip',
    title: 'Many files at once: time over round-trip time',
    text: 'Time until all peers have all new files, over the round-trip time that is added.',
    x: { title: 'milliseconds of round-trip time', scale: 'linear' },
    y: { title: 'seconds', scale: 'linear' },
    ...{ series: filled(series), results: runs },
  };
}

function idleCost(results: readonly SavedResult[]): Plot[] {
  const run = largestRun(results, 'events', 'idle');
  if (!run) return [];
  const points = Object.entries({ ...tools, nothing: 'empty Node process' }).flatMap(
    ([tool, name]) => {
      const wakeUps = foundIn(run, 'wakeups', tool);
      return wakeUps === undefined ? [] : [[name, wakeUps] as const];
    },
  );
  const seconds = parameterOf(run, 'idle');
  return [
    {
      name: 'idle-cost',
      title: 'Idle cost',
      text: `How often each watcher woke up in ${seconds} s in which nothing changed.`,
      x: { title: '', scale: 'names' },
      y: { title: `wake-ups in ${seconds} s`, scale: 'linear' },
      ...{ series: filled([{ name: 'wake-ups', points }]), results: [run] },
    },
  ];
}

function line(
  name: string,
  runs: readonly SavedResult[],
  parameter: string,
  ...keys: readonly string[]
): Series {
  const points = runs.flatMap((run): Point[] => {
    const value = foundIn(run, ...keys);
    return value === undefined ? [] : [[parameterOf(run, parameter), value]];
  });
  return { name, points };
}

function filled(series: readonly Series[]): Series[] {
  return series.filter(({ points }) => points.length > 0);
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}
