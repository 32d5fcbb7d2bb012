import { join } from 'node:path';
import { databaseName } from './instance.js';
import type { Ledger } from './ledger.js';
import { PrivateDatabase } from './private-database.js';
import type { Runner } from './runner.js';

/** How a peer's notes are asked for. */
export interface ListingOptions {
  readonly runner: Runner;
  readonly ledger: Ledger;
  readonly peer: string;
  /** What the peer calls this host. */
  readonly myName: string;
  /** A directory for a database of its own, best on tmpfs. */
  readonly directory: string;
  readonly stallSeconds: number;
  readonly signal: AbortSignal;
}

/**
 * Asks a peer for what its csync2 has noted of the files that both sides share (`csync2 -T`, command LIST). Works on a database of
 * its own, so that no lock is held over the network.
 *
 * @param onNote - given each name as it stands in the database, and csync2's text, both one character a byte
 * @returns whether the peer has told all
 */
export async function listPeer(
  { runner, ledger, peer, myName, directory, stallSeconds, signal }: ListingOptions,
  onNote: (encoded: string, text: string) => void,
): Promise<boolean> {
  const own = join(directory, `list-${encodeURIComponent(peer)}`);
  const copy = PrivateDatabase.build(ledger, join(own, databaseName(runner.instance)), peer, []);
  let isWhole = false;
  try {
    await runner.run({
      mode: ['-A', '-vvv', '-T', myName, peer],
      database: own,
      stallSeconds,
      signal,
      onMessage({ kind, text }) {
        const note = kind === 'bare' ? readNote(text) : undefined;
        if (note) onNote(note.encoded, note.text);
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
 * Reads a note as csync2 shows it at `-vvv` (`conn_debug`), where blanks, tabs and backslashes of names are percent-escaped, and so
 * is each colon. Undefined for all else, and for what is too long to be shown whole.
 */
export function readNote(line: string): { encoded: string; text: string } | undefined {
  const [, text, encoded] = /^Peer> (v\d+%3A\S*?)\\011(\S+)\\n$/.exec(line) ?? [];
  return text === undefined || encoded === undefined
    ? undefined
    : { encoded: unescapeOctal(encoded), text: unescapeOctal(text) };
}

/** Bytes above 126 are shown as a signed number: `\37777777703`. */
function unescapeOctal(text: string): string {
  return text.replace(/\\(37777777[0-7]{3}|[0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8) & 0xff),
  );
}
