// Turns the results of measure.mjs into a table for people (stdout), or into one line of JSON. Exit
// 1 if anything was lost.
//
//   report.mjs [--json] NODES FILES SERVICE_RESULT FLOOR_RESULT

import { readFileSync } from 'node:fs';

const words = process.argv.slice(2);
const json = words[0] === '--json';
const [nodes, files, serviceFile, floorFile] = json ? words.slice(1) : words;
const service = summary(serviceFile);
const floor = summary(floorFile);

if (json) {
  const line = {
    nodes: Number(nodes),
    files: Number(files),
    changes: service.changes,
    lost: service.lost,
    p50_ms: service.p50,
    p99_ms: service.p99,
    max_ms: service.max,
    floor_p50_ms: floor.p50,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
} else {
  row('', 'changes', 'p50 ms', 'p99 ms', 'max ms', 'lost');
  row('inotify-csync', service.changes, service.p50, service.p99, service.max, service.lost);
  row('csync2 -c, -u by hand', floor.changes, floor.p50, floor.p99, floor.max, floor.lost);
}
process.exitCode = service.lost > 0 ? 1 : 0;

/** Nearest-rank percentiles in milliseconds; null where nothing arrived. */
function summary(file) {
  const { samples } = JSON.parse(readFileSync(file, 'utf8'));
  const times = samples.filter((sample) => sample.milliseconds !== null).map((sample) => sample.milliseconds);
  times.sort((left, right) => left - right);
  const rank = (share) => {
    const value = times[Math.max(0, Math.ceil(share * times.length) - 1)];
    return value === undefined ? null : Math.round(value * 10) / 10;
  };
  return {
    changes: samples.length,
    lost: samples.length - times.length,
    p50: rank(0.5),
    p99: rank(0.99),
    max: rank(1),
  };
}

function row(name, ...cells) {
  process.stdout.write(`${name.padEnd(24)}${cells.map((cell) => String(cell ?? '-').padStart(10)).join('')}\n`);
}
