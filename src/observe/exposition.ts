/** The type of a metric, in Prometheus' words. */
export type MetricType = 'gauge' | 'counter';

/** One value of a metric. */
export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * A metric with all its values. A counter's name ends in `_total`. Units are base units (seconds).
 */
export interface MetricFamily {
  readonly name: string;
  readonly type: MetricType;
  /** One sentence, without a full stop. */
  readonly help: string;
  readonly samples: readonly MetricSample[];
}

/**
 * Writes metrics in Prometheus' text format 0.0.4 (prometheus.io, "Exposition formats"). Leaves out
 * metrics without a value. Pure.
 */
export function exposition(families: readonly MetricFamily[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(({ help, name, samples, type }) => {
      const lines = samples.map(
        ({ labels, value }) => `${name}${labelText(labels)} ${valueText(value)}\n`,
      );
      return `# HELP ${name} ${escaped(help, /[\\\n]/g)}\n# TYPE ${name} ${type}\n${lines.join('')}`;
    })
    .join('');
}

function labelText(labels: MetricSample['labels']): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escaped(value, /[\\\n"]/g)}"`,
  );
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}

function valueText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

function escaped(text: string, characters: RegExp): string {
  return text.replace(characters, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}
