/** Whether a database has csync2's tables exactly as csync2 2.0 makes them. */
import type Database from 'better-sqlite3';

/**
 * Compares the statements that have made a database. Further indexes, triggers and tables are not
 * known either; SQLite's own don't count.
 */
export function hasKnownSchema(database: Database.Database): boolean {
  const version = database.pragma('schema_version', { simple: true });
  const known = checked.get(database);
  if (known && known.version === version) return known.isKnown;
  const rows = database
    .prepare(`SELECT sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`)
    .all() as { sql: string | null }[];
  const found = rows.map(({ sql }) => sql?.replace(/\s+/g, ' ') ?? '').sort();
  const isKnown = JSON.stringify(found) === expected;
  checked.set(database, { version, isKnown });
  return isKnown;
}

const checked = new WeakMap<
  Database.Database,
  { readonly version: unknown; readonly isKnown: boolean }
>();

/** csync2's `db_sqlite_upgrade_to_schema`, blanks made one. */
const expected = JSON.stringify(
  [
    'CREATE TABLE file ( filename, checktxt, UNIQUE ( filename ) ON CONFLICT REPLACE)',
    'CREATE TABLE dirty ( filename, forced, myname, peername, UNIQUE ( filename, peername ) ON CONFLICT IGNORE)',
    'CREATE TABLE hint ( filename, recursive, UNIQUE ( filename, recursive ) ON CONFLICT IGNORE)',
    'CREATE TABLE action ( filename, command, logfile, UNIQUE ( filename, command ) ON CONFLICT IGNORE)',
    'CREATE TABLE x509_cert ( peername, certdata, UNIQUE ( peername ) ON CONFLICT IGNORE)',
  ].sort(),
);
