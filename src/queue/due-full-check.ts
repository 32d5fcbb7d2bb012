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
 * `before` with one more reason at `now`; the ticket always grows, so that no check that runs
 * already settles it.
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
