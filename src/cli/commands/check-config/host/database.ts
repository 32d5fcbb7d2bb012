import { X509Certificate } from 'node:crypto';
import Database from 'better-sqlite3';
import { decodeName } from '../../../../csync2/files/name-encoding.js';
import { display } from '../../../../text/path-bytes.js';

/** Facts in csync2's database about the peers and about the csync2 that wrote it. */
export interface DatabaseFacts {
  /** The certificates that csync2 has pinned, and the subject of each. */
  readonly pins: readonly { readonly peer: string; readonly subject: string }[];
  /** Unit of the times of files; undefined if there are none yet. Stock csync2 keeps seconds. */
  readonly timeUnit: 'seconds' | 'nanoseconds' | undefined;
  /** The file whose time lies furthest ahead of this clock. */
  readonly ahead: { readonly name: string; readonly seconds: number } | undefined;
}

/**
 * Reads the facts from csync2's SQLite database. Undefined if there is none yet, or none that can
 * be read now.
 *
 * @param nowSeconds - this host's clock, seconds since 1970
 */
export function readDatabaseFacts(file: string, nowSeconds: number): DatabaseFacts | undefined {
  let database: Database.Database | undefined;
  try {
    database = new Database(file, { readonly: true, fileMustExist: true, timeout: 2000 });
    const latest = database.prepare(latestFile).get() as { name: Buffer; time: number } | undefined;
    const certificates = database
      .prepare('SELECT peername, certdata FROM x509_cert ORDER BY peername')
      .all();
    const timeUnit =
      latest === undefined ? undefined : latest.time > firstNanoseconds ? 'nanoseconds' : 'seconds';
    const seconds = (latest?.time ?? 0) / (timeUnit === 'nanoseconds' ? 1e9 : 1) - nowSeconds;
    return {
      pins: (certificates as { peername: string; certdata: string }[]).map(
        ({ peername, certdata }) => ({
          peer: peername,
          subject: subjectOf(certdata),
        }),
      ),
      timeUnit,
      ahead:
        latest && seconds > toleratedSeconds
          ? { name: display(decodeName(latest.name)), seconds }
          : undefined,
    };
  } catch {
    // The database is missing, not csync2's, or busy for long.
    return undefined;
  } finally {
    database?.close();
  }
}

// Reads the number from `v1:mtime=1700000000:mode=…`, also if csync2 has escaped the colons.
const latestFile = `
  SELECT CAST(filename AS BLOB) AS name,
         max(CAST(substr(checktxt, instr(checktxt, 'mtime=') + 6) AS INTEGER)) AS time
  FROM file WHERE instr(checktxt, 'mtime=') > 0 HAVING time IS NOT NULL`;

/** In seconds this would be the year 5138. */
const firstNanoseconds = 1e11;
/** Clocks kept by NTP agree better; a file may have been written just now. */
const toleratedSeconds = 2;

function subjectOf(hexadecimal: string): string {
  try {
    return new X509Certificate(Buffer.from(hexadecimal, 'hex')).subject;
  } catch {
    return 'not a certificate';
  }
}
