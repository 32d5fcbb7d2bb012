/** A run's result as it is kept in bench/results: what was found, and how and where. */
import { z } from 'zod';

const numbers = z.array(z.number().nullable());

const schema = z.strictObject({
  schema: z.literal(1),
  benchmark: z.string(),
  /** Day of the run, in UTC. */
  date: z.string().regex(/^\d{4}-\d\d-\d\d$/),
  machine: z.strictObject({
    processors: z.number().int(),
    model: z.string(),
    memory_gib: z.number(),
    /** How many processes wanted a processor in the minute before the run. */
    load: z.number(),
    kernel: z.string(),
  }),
  versions: z.strictObject({ inotify_csync: z.string(), node: z.string(), csync2: z.string() }),
  method: z.strictObject({
    /** The words that repeat the run. */
    command: z.string(),
    /** What else was the case, such as that others used the machine. */
    note: z.string(),
    /** The options that tell runs of one benchmark from each other, by name. */
    parameters: z.record(z.string(), z.number()),
  }),
  /** The object that `--json` prints. */
  found: z.record(z.string(), z.unknown()),
  /** Each single measurement of each side, in milliseconds; null for a change that was lost. */
  samples: z.record(z.string(), numbers),
});

export type SavedResult = z.infer<typeof schema>;

/** Reads a file's text. Throws a `ZodError` or a `SyntaxError` for what is no saved result. */
export function parseSavedResult(text: string): SavedResult {
  return schema.parse(JSON.parse(text));
}

/** The name of its file: a later run with the same parameters takes its place. */
export function fileNameOf({
  benchmark,
  method,
}: Pick<SavedResult, 'benchmark' | 'method'>): string {
  const parts = Object.entries(method.parameters).map(([name, value]) => `${name}-${value}`);
  return `${[benchmark, ...parts].join('-')}.json`;
}

/** Its file's text: a line for the samples of each side, the rest to be read by people. */
export function textOf(result: SavedResult): string {
  const { samples, ...rest } = result;
  const lines = Object.entries(samples).map(
    ([name, values]) => `    ${JSON.stringify(name)}: ${JSON.stringify(values)}`,
  );
  const head = JSON.stringify(rest, null, 2).slice(0, -'\n}'.length);
  const tail = lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n  }`;
  return `${head},\n  "samples": ${tail}\n}\n`;
}
