// docs/reference/metrics.md: every metric, from src/observe/metrics.ts.

import { sampleOf } from './declarations.mjs';
import { code, page, paragraph, sentence, table } from './markdown.mjs';

const dist = new URL('../../../dist/', import.meta.url);
const { Counts } = await import(new URL('observe/counts.js', dist));
const { metricsOf } = await import(new URL('observe/metrics.js', dist));

export function metricsPage() {
  return page('Metrics', 'src/observe/metrics.ts', [
    paragraph(`${code('inotify-csync metrics')} prints these in the text format of Prometheus. They have a label
      for the peer and never one for a path. A metric without a value is left out. If the service is not running,
      ${code('inotify_csync_up')} is 0, nothing else is printed, and the exit status is 3.`),
    paragraph('Counters of events begin again with each reload, all others when the service starts.'),
    table(['metric', 'type', 'labels', 'meaning'], families().map(row)),
  ]);
}

/** All metrics of a host on which everything has a value. */
function families() {
  const counts = new Counts();
  counts.onRun(['-c'], 'done');
  return metricsOf(sampleOf('MetricSources', { counts }));
}

function row({ name, type, help, samples }) {
  const labels = Object.keys(samples[0]?.labels ?? {});
  return [code(name), type, labels.map(code).join(', '), sentence(help)];
}
