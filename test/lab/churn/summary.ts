/** What many seeds come to. */
import type { Fault, Fresh, Outcome } from './outcome.js';

/**
 * The names are those of the last line of JSON; seeds are counted, unless something else is said.
 */
export interface Summary {
  readonly seeds: number;
  readonly equal: number;
  readonly pending: number;
  readonly on_hold: number;
  readonly false_conflicts: number;
  readonly degraded: number;
  readonly full_checks: number;
  readonly changed_by_others: number;
  readonly not_removed: number;
  readonly broken: number;
  /** csync2's temporary files that were left behind. */
  readonly leftovers: number;
  /** Operations that did something. */
  readonly changes: number;
  readonly answers: number;
  /** What was done to hosts, by kind. */
  readonly faults: Readonly<Record<string, number>>;
  /** What could not be done here, by kind. */
  readonly faults_not_possible: Readonly<Record<string, number>>;
  /** Entries that were not everywhere as they were made. */
  readonly lost: number;
  readonly wrong_deletions: number;
  /** Changes that only a full check found. */
  readonly detected_late: number;
  readonly slowest_convergence_s: number | null;
  readonly convergence_p50_s: number | null;
  /** Single fresh changes on their way to one host. */
  readonly fresh: number;
  readonly fresh_p50_ms: number | null;
  readonly fresh_p90_ms: number | null;
  readonly fresh_p99_ms: number | null;
  readonly fresh_max_ms: number | null;
  readonly fresh_lost: number;
  /** Of each host's own fresh changes: p50, p90, p99 and the longest in milliseconds. */
  readonly fresh_by_host: Readonly<Record<string, readonly (number | null)[]>>;
}

export function summaryOf(outcomes: readonly Outcome[], hosts: readonly string[]): Summary {
  const having = (kind: Fault['kind']) =>
    outcomes.filter(({ faults }) => faults.some((fault) => fault.kind === kind)).length;
  const sum = (count: (outcome: Outcome) => number) =>
    outcomes.reduce((total, each) => total + count(each), 0);
  const fresh = outcomes.flatMap((outcome) => outcome.fresh);
  const converged = outcomes.map((outcome) => outcome.converged);
  const [p50, p90, p99, longest] = quantiles(fresh);
  const unequal = outcomes.filter(({ faults }) =>
    faults.some(({ kind }) => kind === 'unequal' || kind === 'broken'),
  ).length;
  return {
    seeds: outcomes.length,
    equal: outcomes.length - unequal,
    pending: having('pending'),
    on_hold: having('on hold'),
    false_conflicts: having('false conflict'),
    degraded: having('not well'),
    full_checks: having('full check'),
    changed_by_others: having('changed by others'),
    not_removed: having('not removed'),
    broken: having('broken'),
    leftovers: sum(({ leftovers }) => leftovers.length),
    changes: sum(({ done }) => done),
    answers: sum(({ answered }) => answered),
    faults: added(outcomes.map(({ struck }) => struck)),
    faults_not_possible: added(outcomes.map(({ notPossible }) => notPossible)),
    lost: sum(({ lost }) => lost),
    wrong_deletions: sum(({ wrongDeletions }) => wrongDeletions),
    detected_late: sum(({ detectedLate }) => detectedLate),
    slowest_convergence_s: converged.includes(null) ? null : Math.max(0, ...converged.map(Number)),
    convergence_p50_s: percentile(
      converged.map((seconds) => seconds ?? Number.POSITIVE_INFINITY),
      50,
    ),
    fresh: fresh.length,
    fresh_p50_ms: p50 ?? null,
    fresh_p90_ms: p90 ?? null,
    fresh_p99_ms: p99 ?? null,
    fresh_max_ms: longest ?? null,
    fresh_lost: fresh.filter(({ milliseconds }) => milliseconds === null).length,
    fresh_by_host: Object.fromEntries(
      hosts.map((name, index) => [name, quantiles(fresh.filter(({ sender }) => sender === index))]),
    ),
  };
}

function added(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [kind, count] of all.flatMap(Object.entries<number>))
    sums[kind] = (sums[kind] ?? 0) + count;
  return sums;
}

/** p50, p90, p99 and the longest, in whole milliseconds. What never came counts a minute. */
export function quantiles(fresh: readonly Fresh[]): (number | null)[] {
  const samples = fresh.map(({ milliseconds }) => milliseconds ?? 60_000);
  return [50, 90, 99, 100].map((percent) => {
    const value = percentile(samples, percent);
    return value === null ? null : Math.round(value);
  });
}

/**
 * Whether all trees were equal in time with nothing left to do, and nobody had complained of
 * anything.
 */
export function isEqual(summary: Summary): boolean {
  const { pending, on_hold, false_conflicts, degraded, full_checks, changed_by_others } = summary;
  const { not_removed, broken, lost, wrong_deletions } = summary;
  const faults = [pending, on_hold, false_conflicts, degraded, full_checks, changed_by_others];
  return (
    summary.equal === summary.seeds &&
    [...faults, not_removed, broken, lost, wrong_deletions].every((count) => count === 0)
  );
}

/**
 * Whether besides fresh changes arrived in time. While hosts are struck they may take as long as
 * they like.
 */
export function isWell(summary: Summary): boolean {
  const { fresh_p99_ms: p99, fresh_lost: lost } = summary;
  const struck = Object.keys(summary.faults).length > 0;
  return isEqual(summary) && (struck || (lost === 0 && (p99 === null || p99 < 2000)));
}

/** The smallest sample that at least `percent` of all are not above. */
function percentile(samples: readonly number[], percent: number): number | null {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? null;
}
