/** How long to wait after a number of failures in a row. */
export interface BackoffOptions {
  /** Seconds after the first failure. */
  readonly first: number;
  /** The most seconds to wait. */
  readonly most: number;
}

/**
 * Seconds to wait after `failures` failures in a row (1 or more): doubles each time, with up to a
 * quarter taken off at random, so that peers that failed together don't come back together.
 *
 * @param random - from 0 to 1
 */
export function backoffSeconds(failures: number, options: BackoffOptions, random: number): number {
  const full = Math.min(options.most, options.first * 2 ** Math.min(failures - 1, 30));
  return full * (1 - random / 4);
}
