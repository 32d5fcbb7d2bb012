/** Which of the saved results belong into one plot. */
import type { SavedResult } from '../saved/saved-result.js';

/**
 * The runs of a benchmark that differ in `parameter` alone, by its value: of several such sets the
 * one with the most runs, of equally many the one with the larger other parameters. Fewer than two
 * make no line: none then.
 */
export function runsOver(
  results: readonly SavedResult[],
  benchmark: string,
  parameter: string,
): readonly SavedResult[] {
  const sets = new Map<string, SavedResult[]>();
  for (const result of results.filter((each) => each.benchmark === benchmark)) {
    const { [parameter]: value, ...others } = result.method.parameters;
    if (value === undefined) continue;
    const key = Object.values(others)
      .map((other) => String(other).padStart(12, '0'))
      .join(' ');
    sets.set(key, [...(sets.get(key) ?? []), result]);
  }
  const [best] = [...sets.entries()].sort(
    ([keyA, a], [keyB, b]) => b.length - a.length || (keyA < keyB ? 1 : -1),
  );
  const [, runs = []] = best ?? [];
  if (runs.length < 2) return [];
  return [...runs].sort((a, b) => parameterOf(a, parameter) - parameterOf(b, parameter));
}

/** The run of a benchmark with the largest `parameter`. */
export function largestRun(
  results: readonly SavedResult[],
  benchmark: string,
  parameter: string,
): SavedResult | undefined {
  const runs = results.filter((each) => each.benchmark === benchmark);
  return runs.sort((a, b) => parameterOf(b, parameter) - parameterOf(a, parameter))[0];
}

export function parameterOf({ method }: SavedResult, parameter: string): number {
  return method.parameters[parameter] ?? 0;
}

/** A number in what a run has found, at these keys; undefined if it could not be measured. */
export function foundIn({ found }: SavedResult, ...keys: readonly string[]): number | undefined {
  let value: unknown = found;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.getOwnPropertyDescriptor(value, key)?.value;
  }
  return typeof value === 'number' ? value : undefined;
}
