/** What `csync2 -c PATH` and `csync2 -m PATH` do to csync2's database, done in our own process. */
import { setImmediate as othersTurn, setTimeout as sleep } from 'node:timers/promises';
import type { PathBytes } from '../../text/path-bytes.js';
import { isLocked } from '../database/connection.js';
import type { Ledger } from '../database/ledger.js';
import { encodeName } from '../files/name-encoding.js';
import type { CheckRules } from './check-rules.js';
import { checkedNames, isPlainPath, markedName } from './checked-names.js';
import type { CurrentRules } from './current-rules.js';
import type { Fallback } from './fallback.js';
import { hasKnownSchema } from './known-schema.js';
import { isSameNote, NoteRows } from './note-rows.js';
import { noteText } from './note-text.js';
import { Sights, targetOf } from './sights.js';

/** What became of some paths. */
export interface OwnReport {
  /** The paths that were made pending, once for each name, in csync2's order. */
  readonly marked: readonly PathBytes[];
  /** Number of paths that are done. */
  readonly done: number;
  /** Paths that csync2 itself has to check, in their order: they are untouched. */
  readonly left: readonly LeftPath[];
}

/** A path that was not understood. */
export interface LeftPath {
  readonly path: PathBytes;
  readonly reason: Fallback;
}

/** What the check works with. */
export interface OwnCheckParts {
  readonly ledger: Ledger;
  readonly rules: CurrentRules;
}

/**
 * Checks plain paths in csync2's SQLite database. A file's note and its marks are written in one
 * transaction, so that no end can come between them; csync2 commits them one after the other.
 *
 * It never waits for a lock while it holds one, and holds none for longer than a portion takes. If
 * the database stays locked, or cannot be written, the paths are left to csync2.
 */
export class OwnCheck {
  readonly #parts: OwnCheckParts;

  constructor(parts: OwnCheckParts) {
    this.#parts = parts;
  }

  /** Checks paths, or marks them. Call it in a database window; it throws nothing. */
  async run(
    mode: '-c' | '-m',
    paths: readonly PathBytes[],
    signal?: AbortSignal,
  ): Promise<OwnReport> {
    const report = { marked: [] as PathBytes[], done: 0, left: [] as LeftPath[] };
    let tries = 0;
    for (let at = 0; at < paths.length; ) {
      const portion = signal?.aborted ? 'busy' : this.#portion(mode, paths, at);
      if (typeof portion === 'object') {
        for (const path of portion.marked) report.marked.push(path);
        for (const left of portion.left) report.left.push(left);
        report.done += portion.done;
        at = portion.next;
        tries = 0;
        if (at < paths.length) await othersTurn();
        continue;
      }
      if (portion === 'busy' && ++tries < attempts && !signal?.aborted) {
        await sleep(pauseMilliseconds);
        continue;
      }
      for (const path of paths.slice(at)) report.left.push({ path, reason: portion });
      break;
    }
    return report;
  }

  /** As many paths as fit into a moment, in one transaction. */
  #portion(mode: '-c' | '-m', paths: readonly PathBytes[], from: number): Portion | Fallback {
    const { ledger } = this.#parts;
    const rules = this.#parts.rules.get();
    if (typeof rules === 'string') return rules;
    try {
      const { database } = ledger;
      const write = database.transaction((): Portion | Fallback => {
        if (!hasKnownSchema(database)) return 'database';
        const rows = NoteRows.of(database);
        if (rows.hasCommands) return 'commands';
        return new PortionCheck(rules, rows).run(mode, paths, from);
      });
      return ledger.withoutWaiting(() => write.deferred());
    } catch (error) {
      // csync2 says itself what is wrong with the database.
      return isLocked(error) ? 'busy' : 'database';
    }
  }
}

interface Portion extends OwnReport {
  /** The first path that was not reached. */
  readonly next: number;
}

/** One transaction's worth of paths. */
class PortionCheck {
  readonly #rules: CheckRules;
  readonly #rows: NoteRows;
  readonly #sights = new Sights();
  readonly #marked: PathBytes[] = [];

  constructor(rules: CheckRules, rows: NoteRows) {
    this.#rules = rules;
    this.#rows = rows;
  }

  run(mode: '-c' | '-m', paths: readonly PathBytes[], from: number): Portion {
    const until = performance.now() + portionMilliseconds;
    const left: LeftPath[] = [];
    let at = from;
    for (; at < paths.length && (at === from || performance.now() < until); at++) {
      const path = paths[at] as PathBytes;
      const reason = mode === '-c' ? this.#check(path) : this.#mark(path);
      if (reason) left.push({ path, reason });
    }
    return { marked: this.#marked, done: at - from - left.length, left, next: at };
  }

  /** All is read and decided before anything is written: what is left over is untouched. */
  #check(path: PathBytes): Fallback | undefined {
    if (!isPlainPath(path)) return 'path';
    const seen = this.#sights.look(path);
    if (seen.kind === 'behind-link') return 'link';
    if (seen.kind === 'unreadable') return 'unreadable';
    const { ifGone, ifThere } = checkedNames(path, this.#rules.prefixes);
    const changes: (() => void)[] = [];
    for (const name of seen.kind === 'there' ? ifThere : ifGone) {
      const { isKnown, isSelected, peers, runsCommands } = this.#rules.judge(name);
      if (runsCommands) return 'commands';
      if (!isKnown) continue;
      const encoded = encodeName(name);
      const noted = this.#rows.noted(encoded);
      if (noted === 'odd') return 'row';
      const mark = () => this.#markName(path, encoded, peers);
      if (seen.kind === 'absent') {
        if (!noted) continue;
        changes.push(mark, () => this.#rows.forget(encoded));
      } else if (isSelected) {
        const target = seen.stat.isSymbolicLink() ? targetOf(name) : nothing;
        const text = noteText(seen.stat, this.#rules.ignore, target);
        if (noted && isSameNote(noted, text)) continue;
        changes.push(() => this.#rows.note(encoded, text), mark);
      }
    }
    for (const change of changes) change();
    return undefined;
  }

  #mark(path: PathBytes): Fallback | undefined {
    if (!isPlainPath(path)) return 'path';
    const seen = this.#sights.look(path);
    if (seen.kind === 'behind-link') return 'link';
    const name = markedName(path, this.#rules.prefixes);
    const { peers, runsCommands } = this.#rules.judge(name);
    if (runsCommands) return 'commands';
    this.#markName(path, encodeName(name), peers);
    return undefined;
  }

  #markName(path: PathBytes, encoded: Buffer, peers: Parameters<NoteRows['mark']>[1]): void {
    this.#rows.mark(encoded, peers);
    if (peers.length > 0) this.#marked.push(path);
  }
}

const nothing = Buffer.alloc(0);
/** How long a transaction may go on before it is committed: the event loop waits meanwhile. */
const portionMilliseconds = 4;
/** About as long as csync2 sleeps when it meets a lock. */
const attempts = 50;
const pauseMilliseconds = 20;
