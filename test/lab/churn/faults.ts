/** What is done to hosts while a churn goes on, and when. */
import type { Random } from '../../csync2/cfg/random.js';

export const faultKinds = [
  'kill daemon',
  'kill client',
  'kill server',
  'kill session',
  'restart',
  'reload',
  'cut',
  'black hole',
  'full queue',
  'full tree',
  'full private databases',
  'full database',
  'overflow',
  'memory',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** One blow at one host. */
export interface Blow {
  /** Milliseconds after the start. */
  readonly at: number;
  readonly kind: FaultKind;
  readonly host: number;
  /** Milliseconds after which it is undone; of no meaning where there is nothing to undo. */
  readonly lasts: number;
}

/**
 * What became of a blow: `nothing to strike`, such as a session to be killed; `not possible` where
 * the host has nothing of its own to be filled or limited.
 */
export type Struck = 'hit' | 'nothing to strike' | 'not possible';

/** Makes hosts suffer. */
export interface Striker {
  /**
   * Strikes, waits, and undoes it. `pause` holds up the operations of a host, for as long as the
   * promise that it gives is not released.
   */
  strike(blow: Blow, pause: (host: number) => () => void): Promise<Struck>;
}

/** Longer than what ends of itself, shorter than a test's patience. */
const longest: Partial<Record<FaultKind, number>> = {
  cut: 8000,
  'black hole': 12_000,
  'full queue': 5000,
  'full tree': 5000,
  'full private databases': 5000,
  'full database': 5000,
  // WatchdogSec= is 30.
  overflow: 3000,
  memory: 6000,
};

/** Blows at random times of a span in milliseconds. */
export function blowsOf(
  random: Random,
  hosts: number,
  span: number,
  count: number,
): readonly Blow[] {
  return random
    .times(count, count, (): Blow => {
      const kind = random.pick(faultKinds);
      return {
        at: Math.round(span * 0.05) + random.below(Math.round(span * 0.85)),
        kind,
        host: random.below(hosts),
        lasts: 500 + random.below(longest[kind] ?? 1),
      };
    })
    .sort((a, b) => a.at - b.at);
}
