import { queueFiles } from '../state/run-files.js';
import { counted } from '../text/counted.js';
import { CursorFile, type QueuePosition } from './cursor.js';
import { prepareDirectory } from './directory.js';
import type { DueFullCheck } from './due-full-check.js';
import { DurableState } from './durable-state.js';
import type { QueueEntry } from './entry.js';
import { queueErrorOf } from './errors.js';
import { errnoOf, realFiles } from './files.js';
import { Lock } from './lock.js';
import type { QueueOptions, QueueRecovery, ReadBatch } from './options.js';
import { encodeRecord } from './record.js';
import { type Recovered, recover, removeSegmentsBefore } from './recovery.js';
import { type LogItem, SegmentLog } from './segment-log.js';
import { Store } from './store.js';
import type { UnreadEntries } from './unread.js';

/**
 * A first-in, first-out queue on disk of the changes that the watcher saw and the checker has not
 * looked at yet.
 *
 * Promise: records that `append` has written are read until they are committed, also after a crash
 * of the process (at least once). After a crash of the machine the last second may be missing. In
 * that case, and whenever anything else may be missing, a full check is due, and stays due on disk
 * until one has succeeded.
 *
 * There is no fsync per record. If the machine goes down, inotify's events are lost anyway, so the
 * next start requires a full check anyway. A killed process leaves the page cache as it is. The
 * disk is synced once a second while there is something to sync, at each new segment and at the
 * end.
 */
export class Queue {
  readonly recovery: QueueRecovery;

  readonly #store: Store;
  readonly #unread: UnreadEntries;
  readonly #linesUntilReset: number;
  readonly #segmentBytes: number;
  readonly #maxBytes: number;
  readonly #now: () => number;
  readonly #onReset: (() => void) | undefined;
  readonly #onFullCheckDue: (() => void) | undefined;
  /** The place up to which damage has been reported. */
  #inspected: QueuePosition;
  #oldestAt: { readonly of: QueuePosition; readonly value: number | undefined } | undefined;
  #linesRead = 0;
  #resets = 0;
  #dropping = false;
  #droppedAt: number | undefined;
  #succeededTicket = 0;

  private constructor(options: QueueOptions, store: Store, found: Recovered) {
    this.#store = store;
    this.#unread = found.unread;
    this.#linesUntilReset = options.linesUntilReset;
    this.#segmentBytes = options.segmentBytes ?? 16 * mebibyte;
    this.#maxBytes = options.maxBytes ?? 256 * mebibyte;
    this.#now = options.now ?? Date.now;
    this.#onReset = options.onReset;
    this.#onFullCheckDue = options.onFullCheckDue;
    this.#inspected = this.#end;
    const reason = store.fullCheckDue?.reason;
    this.recovery = {
      unclean: found.unclean,
      pending: found.pending,
      ...(reason === undefined ? {} : { reason }),
    };
  }

  /**
   * Opens or creates the queue, recovers what is in it and takes its lock. Throws
   * QueueDirectoryError, QueuePermissionError, QueueUnsafeError, QueueLockedError, QueueDiskError.
   */
  static open(options: QueueOptions): Queue {
    const { files = realFiles, now = Date.now, onTrouble, onWell } = options;
    const undo: (() => void)[] = [];
    try {
      const file = prepareDirectory(files, options.file);
      const lock = Lock.take(files, queueFiles(file).lock);
      undo.push(() => lock.release());
      const cursorFile = CursorFile.open(files, queueFiles(file).cursor);
      undo.push(() => cursorFile.close());
      const found = recover(files, file, cursorFile, options.unwritten ?? 'lost');
      undo.push(() => found.writer.close());
      const log = new SegmentLog(files, file, found);
      const state = new DurableState(cursorFile, found.position, log.end);
      for (const reason of found.reasons) state.requireFullCheck(reason, now());
      state.begin();
      removeSegmentsBefore(files, file, found.position.segment);
      return new Queue(options, new Store({ log, state, lock }, { now, onTrouble, onWell }), found);
    } catch (error) {
      for (const step of undo.reverse()) step();
      throw queueErrorOf(options.file, error);
    }
  }

  /** A full check is due, and why. */
  get fullCheckDue(): DueFullCheck | undefined {
    return this.#store.fullCheckDue;
  }

  /** Records that are not done. */
  get depth(): number {
    return this.#end.sequence - this.#store.position.sequence;
  }

  /** Number of records that have ever been written; those to come get higher numbers. */
  get written(): number {
    return this.#end.sequence;
  }

  /** All records up to this number are done. */
  get done(): number {
    return this.#store.position.sequence;
  }

  /** The highest ticket that a full check has succeeded with; 0 if none has in this run. */
  get succeededTicket(): number {
    return this.#succeededTicket;
  }

  /** When the oldest record that is not done was written, unix time in ms. */
  get oldestAt(): number | undefined {
    const of = this.#store.position;
    if (this.depth === 0) return undefined;
    if (this.#oldestAt?.of !== of) this.#oldestAt = { of, value: this.#oldestBehind(of) };
    return this.#oldestAt.value;
  }

  /** How often `linesUntilReset` has been reached. */
  get resets(): number {
    return this.#resets;
  }

  /**
   * Writes entries and returns their number. Skips an entry that an unread record already covers:
   * one of the same path that asks for as much, or one for everything below the path or below a
   * directory above it. A `loss` also makes a full check due. Never throws for a disk that is full
   * or fails: the entries are dropped, a full check is due, `onTrouble` is called, and the next
   * call tries again.
   */
  append(entries: readonly QueueEntry[]): number {
    this.#mustBeOpen();
    for (const entry of entries) if (entry.kind === 'loss') this.requireFullCheck(entry.reason);
    const { log, position } = this.#store;
    if (log.bytesFrom(position) > this.#maxBytes) this.#collapse();
    // On a full disk, the space of a segment that is done may be enough.
    const isWasteful = this.#dropping && this.depth === 0;
    if (isWasteful || log.end.offset >= this.#segmentBytes) this.#store.roll();
    const wanted = this.#dropping ? [droppedEntry, ...entries] : entries;
    const at = this.#now();
    const first = log.end.sequence;
    const written: QueueEntry[] = [];
    let lines = '';
    for (const entry of wanted) {
      if (this.#unread.covers(entry)) continue;
      const sequence = first + written.length;
      lines += encodeRecord({ sequence, at, entry });
      this.#unread.add(entry, sequence);
      written.push(entry);
    }
    if (written.length === 0) return 0;
    try {
      this.#store.append(Buffer.from(lines, 'latin1'), written.length);
    } catch (cause) {
      if (errnoOf(cause) === undefined) throw cause;
      for (const entry of written) this.#unread.remove(entry, Infinity);
      this.#dropping = true;
      // Only a try: nothing more is missing.
      if (entries.length === 0) return 0;
      this.#droppedAt = at;
      this.requireFullCheck(droppedEntry.reason);
      this.#store.report(
        'write',
        `${counted(entries.length, 'change')} could not be written`,
        cause,
        entries.length,
      );
      return 0;
    }
    this.#dropping = false;
    this.#store.succeeded('write');
    return written.length;
  }

  /** When changes were dropped last in this run, unix time in ms. */
  get droppedAt(): number | undefined {
    return this.#droppedAt;
  }

  /**
   * Whether the queue can be written. After changes were dropped this tries to write that they
   * were, since nothing may be appended for long. Never throws for a disk that is full or fails.
   */
  isWritable(): boolean {
    if (this.#dropping) this.append([]);
    return !this.#dropping;
  }

  /**
   * The records after the cursor, at most `records` of them and at most `bytes` of path (plus one
   * for each), but at least one; undefined if there is none. Doesn't move the cursor: without a
   * `commit` the next call begins with the same record. To work on several batches at once, pass
   * the `end` of the last one as `after`, and commit them in their order.
   */
  read(limit: {
    records: number;
    bytes: number;
    after?: QueuePosition | undefined;
  }): ReadBatch | undefined {
    this.#mustBeOpen();
    const cursor = this.#store.position;
    const start = limit.after && isBefore(cursor, limit.after) ? limit.after : cursor;
    const entries: QueueEntry[] = [];
    let end = start;
    let bytes = 0;
    let oldestAt = 0;
    let full = false;
    for (const item of this.#scan(start)) {
      if (item.kind === 'record') {
        const { entry, at, sequence } = item.record;
        const size = (entry.kind === 'loss' ? entry.reason.length : entry.path.length) + 1;
        full =
          entries.length > 0 && (entries.length >= limit.records || bytes + size > limit.bytes);
        if (full) break;
        if (entries.length === 0) oldestAt = at;
        entries.push(entry);
        bytes += size;
        this.#unread.remove(entry, sequence);
      }
      end = item.after;
    }
    if (entries.length > 0) return { entries, end, oldestAt, full };
    // None of the remaining records could be read, and that has been reported.
    if (start === cursor && this.depth > 0) this.#store.move(this.#end);
    return undefined;
  }

  /**
   * Everything before `end`, of a batch from `read`, is done. An `end` that is already done changes
   * nothing.
   */
  commit(end: QueuePosition): void {
    this.#mustBeOpen();
    const { position } = this.#store;
    if (!isBefore(position, end)) return;
    if (isBefore(this.#end, end))
      throw new RangeError('commit of a place behind the end of the queue');
    this.#linesRead += end.sequence - position.sequence;
    // At the end nothing can be missing between the last record read and the next one written.
    this.#store.move(isBefore(end, this.#end) ? end : this.#end);
    if (this.#linesRead < this.#linesUntilReset) return;
    this.#linesRead = 0;
    this.#resets += 1;
    this.#store.roll();
    this.#onReset?.();
  }

  /**
   * Whether everything that has been appended is in the files, or a full check is due in its place.
   * Only then may the caller forget it. False while a disk refuses even the cursor.
   */
  get isKept(): boolean {
    return this.#store.dueIsSaved;
  }

  /**
   * Says whether records that are committed, or are about to be, wait in memory to be appended
   * again. If this run ends without appending them, the next one makes a full check due.
   */
  noteSetAside(isAny: boolean): void {
    this.#mustBeOpen();
    this.#store.noteSetAside(isAny);
  }

  /** Makes a full check due, on disk before this returns. */
  requireFullCheck(reason: string): void {
    this.#mustBeOpen();
    this.#store.requireFullCheck(reason);
    this.#onFullCheckDue?.();
  }

  /**
   * A full check that began when `ticket` was current has succeeded. No full check is due any more
   * if no reason has been added since.
   */
  fullCheckSucceeded(ticket: number): void {
    this.#mustBeOpen();
    this.#succeededTicket = Math.max(this.#succeededTicket, ticket);
    this.#store.fullCheckSucceeded(ticket);
  }

  /**
   * Writes everything to the disk. A failure is reported, not thrown, and a full check is then due.
   */
  flush(): void {
    this.#mustBeOpen();
    this.#store.flush();
  }

  /**
   * Writes everything to the disk and frees the lock. `clean`: everything that was seen is in the
   * queue.
   */
  close({ clean }: { clean: boolean }): void {
    if (!this.#store.closed) this.#store.close(clean ? 'clean' : 'open');
  }

  get #end(): QueuePosition {
    return this.#store.log.end;
  }

  *#scan(start: QueuePosition): Generator<LogItem> {
    for (const item of this.#store.log.scan(start, (segment, cause) =>
      this.#skip(segment, cause),
    )) {
      const isNew = isBefore(this.#inspected, item.after);
      if (isNew) this.#inspected = item.after;
      if (isNew && (item.kind === 'damage' || item.kind === 'torn')) {
        this.#lose(item.text);
        this.#store.report('damage', item.text);
      }
      yield item;
    }
  }

  #skip(segment: number, cause: unknown): void {
    this.#lose(`segment ${segment} could not be read`);
    this.#store.report('read', `segment ${segment} could not be read and is skipped`, cause);
    if (segment === this.#store.log.end.segment) this.#store.roll();
  }

  /** Records are lost, so they cover no change any more. */
  #lose(reason: string): void {
    this.#unread.clear();
    this.requireFullCheck(reason);
  }

  #oldestBehind(position: QueuePosition): number | undefined {
    for (const item of this.#scan(position)) if (item.kind === 'record') return item.record.at;
    return undefined;
  }

  /** Too many records wait, so one full check replaces all of them. */
  #collapse(): void {
    const dropped = this.depth;
    this.#lose('more changes were waiting than the queue may hold');
    this.#store.roll();
    this.#store.move(this.#end);
    this.#store.save();
    this.#store.report(
      'overflow',
      `${dropped} waiting changes give way to a full check`,
      undefined,
      dropped,
    );
  }

  #mustBeOpen(): void {
    if (this.#store.closed) throw new Error('the queue is closed');
  }
}

const mebibyte = 1024 * 1024;
const droppedEntry: QueueEntry & { kind: 'loss' } = {
  kind: 'loss',
  reason: 'changes were dropped because the queue could not be written',
};

function isBefore(one: QueuePosition, other: QueuePosition): boolean {
  return (
    (one.segment - other.segment || one.offset - other.offset || one.sequence - other.sequence) < 0
  );
}
