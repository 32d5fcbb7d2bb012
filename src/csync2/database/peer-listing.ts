import { join } from 'node:path';
import { databaseName } from '../run/instance.js';
import type { Runner } from '../run/runner.js';
import type { Ledger } from './ledger.js';
import { PrivateDatabase } from './private-database.js';

/** Options of {@link listPeer}, which lists what a peer has noted. */
export interface ListingOptions {
  readonly runner: Runner;
  readonly ledger: Ledger;
  readonly peer: string;
  /** The peer's name for this host. */
  readonly myName: string;
  /** A directory for a private database, best on tmpfs. */
  readonly directory: string;
  readonly stallSeconds: number;
  /** Run at idle priority. */
  readonly idle?: boolean;
  readonly signal: AbortSignal;
}

/** Receives the notes of a peer. Names are those of the database, one character a byte. */
export interface ListingEvents {
  /** @param text - csync2's text, one character a byte */
  readonly onNote: (name: string, text: string) => void;
  /** Receives the beginning of a name whose note csync2 has not shown whole. */
  readonly onCut: (beginning: string) => void;
}

/**
 * Asks a peer for its csync2's notes of the files that both sides share (`csync2 -T`, command
 * LIST). Works on a private database, so that no lock is held over the network.
 *
 * @returns whether the list is complete
 */
export async function listPeer(
  { runner, ledger, peer, myName, directory, stallSeconds, idle = false, signal }: ListingOptions,
  { onNote, onCut }: ListingEvents,
): Promise<boolean> {
  const own = join(directory, `list-${encodeURIComponent(peer)}`);
  const copy = PrivateDatabase.build(ledger, join(own, databaseName(runner.instance)), peer, []);
  let isWhole = false;
  try {
    await runner.run({
      mode: ['-A', '-vvv', '-T', myName, peer],
      database: own,
      stallSeconds,
      idle,
      signal,
      onMessage({ kind, text }) {
        const note = kind === 'bare' ? readNote(text) : undefined;
        if (note?.isCut) onCut(note.name);
        else if (note) onNote(note.name, note.text);
        isWhole ||= kind === 'said' && text.startsWith('End of query results: OK');
      },
      onOutput: () => {},
    });
    return isWhole;
  } finally {
    copy.remove();
  }
}

/**
 * Reads a note as csync2 shows it at `-vvv` (`conn_debug`, at most 1023 characters of a line).
 * Blanks, tabs and backslashes of names are percent-escaped, and so is each colon. Undefined for
 * other lines.
 */
export function readNote(line: string): { name: string; text: string; isCut: boolean } | undefined {
  const [, text, name, end] =
    /^Peer> (v\d+%3A(?:(?!\\011)\S)*)(?:\\011(\S*?)(\\n)?)?$/.exec(line) ?? [];
  if (text === undefined) return undefined;
  // The last character before a cut may be incomplete, too.
  const isCut = end === undefined;
  return {
    name: unescapeOctal(isCut ? (name ?? '').replace(/\\[0-7]*$/, '') : (name ?? '')),
    text: unescapeOctal(text),
    isCut,
  };
}

/** Bytes above 126 are shown as a signed number: `\37777777703`. */
function unescapeOctal(text: string): string {
  return text.replace(/\\(37777777[0-7]{3}|[0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8) & 0xff),
  );
}
