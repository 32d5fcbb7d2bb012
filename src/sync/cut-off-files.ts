import type { DirtyRow } from '../csync2/ledger.js';
import { decodeName } from '../csync2/name-encoding.js';

/**
 * Files that were under way when a push was cut off: killed, or left by a peer that died. The peer may have put such a file
 * in its place without owner, mode and time, and without taking note of it. It then takes its own half of our file for
 * a change of its own: a conflict that is none. So it is sent again with force, unless so much time has passed that somebody
 * there may really have changed it.
 */
export class CutOffFiles {
  /** Until when each is to be forced, milliseconds since 1970. */
  readonly #until = new Map<string, number>();

  /** Whether a row is to be pushed with force. */
  isForced(row: DirtyRow, now = Date.now()): boolean {
    return now < (this.#until.get(nameOf(row)) ?? 0);
  }

  /**
   * Notes what a push has come to.
   *
   * @param text - what csync2 has said at `-v`
   */
  pushed(text: string, { sent, left }: Rows, now = Date.now()): void {
    for (const row of sent) this.#until.delete(nameOf(row));
    const name = nameUnderWay(text, left.map(nameOf));
    if (name !== undefined) this.#until.set(name, now + forcedMilliseconds);
  }
}

interface Rows {
  readonly sent: readonly DirtyRow[];
  readonly left: readonly DirtyRow[];
}

/**
 * The file that csync2 was at when the connection ended. csync2 tries every file that it has been given: if it has
 * not come to some, or not to its own last line, or got no answer to its goodbye, the connection ended at the last file
 * that it names. Undefined where that can't be told for certain.
 *
 * @param left - names of the files that were not sent
 */
export function nameUnderWay(text: string, left: readonly string[]): string | undefined {
  // Of a long text only the end is there: it doesn't tell which files have been tried.
  if (!/^Connecting to host /m.test(text)) return undefined;
  const tried = [...text.matchAll(/^(?:Updating|Deleting) (.*) on \S+ \.\.\.$/gm)].map(([, name]) => name);
  const last = tried.at(-1);
  const known = new Set(tried);
  const isWhole =
    text.includes('Connection closed.') && left.every((name) => known.has(name)) && !isUnanswered(text);
  return last !== undefined && !isWhole && left.includes(last) ? last : undefined;
}

/** Each file that stays is one error, and a goodbye to a peer that is gone is one more. */
function isUnanswered(text: string): boolean {
  const errors = Number(/^Finished with (\d+) errors\.$/m.exec(text)?.[1] ?? 0);
  return errors > [...text.matchAll(/File stays in dirty state\./g)].length;
}

/** As csync2 shows it. */
function nameOf({ encoded }: DirtyRow): string {
  return decodeName(encoded).toString('utf8');
}

const forcedMilliseconds = 60_000;
