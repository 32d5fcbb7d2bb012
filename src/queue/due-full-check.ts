/** A full check that is due. */
export interface DueFullCheck {
  /** Every reason since it became due, joined. */
  readonly reason: string;
  /** Since when, unix time in ms. */
  readonly since: number;
  /** Grows with every further loss; see `Queue.settle`. */
  readonly ticket: number;
}

/**
 * Adds a reason to `before` at `now`. The ticket always grows, so that a check that runs already
 * does not settle the new reason.
 */
export function addReason(
  before: DueFullCheck | undefined,
  ticket: number,
  reason: string,
  now: number,
): DueFullCheck {
  if (!before) return { reason, since: now, ticket };
  const known = before.reason.split(separator);
  if (known.includes(reason) || known.length >= mostReasons) return { ...before, ticket };
  return { ...before, reason: [...known, reason].join(separator), ticket };
}

const separator = '; ';
const mostReasons = 5;
