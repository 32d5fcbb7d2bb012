import type { PathBytes } from '../../text/path-bytes.js';
import {
  decodeName,
  encodeName,
  namesOf,
  namesWithin,
  type PathPrefix,
} from '../files/name-encoding.js';
import type { Connection } from './connection.js';
import { rangeBelow } from './name-range.js';

/** The files that csync2 knows, as a tree: csync2 itself has only a list of names. */
export class KnownTree {
  readonly #connection: Connection;
  readonly #prefixes: readonly PathPrefix[];

  constructor(connection: Connection, prefixes: readonly PathPrefix[]) {
    this.#connection = connection;
    this.#prefixes = prefixes;
  }

  /** Whether csync2 has noted this path under any of its names. */
  knows(path: PathBytes): boolean {
    const statement = this.#connection.prepare(
      'SELECT 1 FROM file WHERE filename = CAST(? AS TEXT)',
    );
    return namesOf(path, this.#prefixes).some(
      (name) => statement.get(encodeName(name)) !== undefined,
    );
  }

  /**
   * Counts the files that csync2 knows at or below this path, up to `limit`.
   *
   * @param orPending - also counts files that csync2 has forgotten but that are still pending,
   *   because csync2 treats them as deleted
   */
  countWithin(path: PathBytes, limit: number, orPending = false): number {
    const statement = this.#connection.prepare(
      `SELECT count(*) AS n FROM (SELECT 1 FROM file WHERE filename = CAST(:self AS TEXT)
         UNION ALL SELECT 1 FROM file WHERE filename > CAST(:from AS TEXT) AND filename < CAST(:to AS TEXT) LIMIT :limit)`,
    );
    let count = 0;
    for (const name of namesWithin(path, this.#prefixes)) {
      count += (statement.get({ ...rangeBelow(encodeName(name)), limit }) as { n: number }).n;
      if (orPending && count < limit) count += this.#countForgotten(encodeName(name), limit);
    }
    return Math.min(count, limit);
  }

  #countForgotten(encoded: Buffer, limit: number): number {
    const statement = this.#connection.prepare(
      `SELECT count(*) AS n FROM (SELECT DISTINCT filename FROM dirty WHERE (filename = CAST(:self AS TEXT)
         OR (filename > CAST(:from AS TEXT) AND filename < CAST(:to AS TEXT)))
         AND NOT EXISTS (SELECT 1 FROM file WHERE file.filename = dirty.filename) LIMIT :limit)`,
    );
    return (statement.get({ ...rangeBelow(encoded), limit }) as { n: number }).n;
  }

  /**
   * As {@link childrenWithin}, each child once and at most `limit` of them.
   *
   * @param orPending - also files that csync2 has forgotten but that are still pending for a peer
   */
  childrenOf(directory: PathBytes, limit: number, orPending = false): KnownChild[] {
    const children = new Map<string, KnownChild>();
    for (const table of orPending ? (['file', 'dirty'] as const) : (['file'] as const)) {
      for (const portion of this.childrenWithin(directory, table)) {
        for (const { name, deep } of portion) {
          const key = name.toString('latin1');
          if (children.size >= limit && !children.has(key)) return [...children.values()];
          children.set(key, { name, deep: deep || (children.get(key)?.deep ?? false) });
        }
      }
    }
    return [...children.values()];
  }

  /**
   * The names directly below a directory that csync2 knows, and whether it knows something below
   * each. Reads some thousand at a time and keeps nothing open in between. A name may come once as
   * a file, and later again as one with something below.
   */
  *childrenWithin(
    directory: PathBytes,
    table: 'file' | 'dirty' = 'file',
  ): Generator<readonly KnownChild[], void> {
    for (const name of namesOf(directory, this.#prefixes)) {
      const { from: base, to } = rangeBelow(encodeName(name));
      let portion: KnownChild[] = [];
      // Names without anything below them are read together, and everything below a name is
      // skipped. So a child with 100,000 files below it costs one query, and 100,000 children cost
      // a few.
      for (let from: Buffer | undefined = base, limit = 1; from; ) {
        const rows = this.#namesFrom(table, { from, to, limit });
        from = undefined;
        for (const row of rows) {
          const rest = row.subarray(base.length);
          const end = rest.indexOf(slash);
          const child = end < 0 ? rest : rest.subarray(0, end);
          if (child.length > 0) portion.push({ name: decodeName(child), deep: end >= 0 });
          // Files below a child may sort after other names (`x-1` comes before `x/1`), and then
          // yield the same child later. 0x2f '/' is followed by 0x30 '0', so everything below the
          // child sorts before that key.
          from = Buffer.concat([base, child, Buffer.from(end < 0 ? '\x01' : '0')]);
          if (end >= 0) break;
        }
        const isFlat = rows.length === limit && rows.at(-1)?.indexOf(slash, base.length) === -1;
        limit = isFlat ? Math.min(limit * 2, mostTogether) : 1;
        if (portion.length < portionLength) continue;
        yield portion;
        portion = [];
      }
      if (portion.length > 0) yield portion;
    }
  }

  #namesFrom(table: string, range: { from: Buffer; to: Buffer; limit: number }): Buffer[] {
    const rows = this.#connection
      .prepare(
        `SELECT CAST(filename AS BLOB) AS name FROM ${table}
         WHERE filename >= CAST(:from AS TEXT) AND filename < CAST(:to AS TEXT) ORDER BY filename LIMIT :limit`,
      )
      .all(range) as { name: Buffer }[];
    return rows.map(({ name }) => name);
  }
}

/** A name directly below a directory. */
export interface KnownChild {
  readonly name: Buffer;
  /** Whether csync2 knows something below it. */
  readonly deep: boolean;
}

const slash = 0x2f;
const portionLength = 2000;
/** Rows in one query. */
const mostTogether = 256;
