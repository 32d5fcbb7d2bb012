import type { PathPrefix } from '../files/name-encoding.js';
import { Connection } from './connection.js';
import { KnownTree } from './known-tree.js';
import { NoteTable } from './note-table.js';
import { PendingTable } from './pending-table.js';

/**
 * Our access to csync2's SQLite database, which holds csync2's notes and the pending rows. Its
 * parts only read. The few writes are in `pending-writes.ts`, `private-database.ts` (what was
 * sent), `notes.ts` (what is restored) and the checks in our own process.
 */
export class Ledger extends Connection {
  readonly notes: NoteTable;
  readonly tree: KnownTree;
  readonly pending: PendingTable;

  constructor(file: string, prefixes: readonly PathPrefix[]) {
    super(file);
    this.notes = new NoteTable(this, prefixes);
    this.tree = new KnownTree(this, prefixes);
    this.pending = new PendingTable(this, prefixes);
  }
}
