import { setTimeout as sleep } from 'node:timers/promises';
import { isLocked } from '../../csync2/database/ledger.js';
import { exitCodes, InotifyCsyncError } from '../../errors.js';
import type { FlushReply } from '../../observe/control-replies.js';
import type { Queue } from '../../queue/queue.js';
import { Waker } from '../../sync/common/waker.js';
import type { Sync } from '../../sync/create-sync.js';
import type { Lane } from '../../sync/push/lane.js';
import { toKey } from '../../text/path-bytes.js';
import { requireSendable } from '../pauses.js';
import { type FlushPending, FlushProgress } from './progress.js';
import { type FlushedGeneration, type FlushScope, flushView } from './view.js';

/** The view of all stages that flushes wait on. */
export interface FlushParts {
  readonly queue: Queue;
  readonly current: () => FlushedGeneration;
  /** Whether another generation may be about to take the current one's place. */
  readonly isReplacing: () => boolean;
}

/**
 * Waits for what had been changed before to be on the peers, for several clients at the same time.
 */
export class Flushes {
  readonly #parts: FlushParts;
  #count = 0;

  constructor(parts: FlushParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when all is on the peers, or, after the timeout, with what is pending. Polls the
   * stages meanwhile; nothing polls when no flush waits.
   *
   * @param seconds - 0: looks once
   * @param gone - aborted when the client is gone
   *
   * Throws a {@link FlushBusyError}, and a PausedError if a peer is paused, or comes to be
   * meanwhile.
   */
  async run(scope: FlushScope, seconds: number, gone: AbortSignal): Promise<FlushReply> {
    if (this.#count >= mostFlushes) throw new FlushBusyError();
    this.#count++;
    try {
      return await this.#run(scope, seconds, gone);
    } finally {
      this.#count--;
    }
  }

  async #run(scope: FlushScope, seconds: number, gone: AbortSignal): Promise<FlushReply> {
    const { queue, current, isReplacing } = this.#parts;
    const progress = new FlushProgress();
    const waker = new Waker();
    const begun = performance.now();
    const waited = () => (performance.now() - begun) / 1000;
    const lanes = () =>
      current().sync.lanes.filter(({ peer }) => scope.peer === undefined || peer === scope.peer);
    let listening: Listening | undefined;
    try {
      for (let pause = pauseMilliseconds.least, isFirst = true; ; isFirst = false) {
        requireSendable(lanes());
        if (listening?.sync !== current().sync) {
          listening?.end();
          listening = listen(current().sync, progress, () => waker.wake());
        }
        const counts = progress.isMarked
          ? await this.#countPending(lanes(), seconds - waited())
          : undefined;
        const looked = performance.now();
        const pending = look(progress, () =>
          flushView(current(), { isReplacing: isReplacing(), counts }, queue, scope),
        );
        const cost = performance.now() - looked;
        if (pending.length === 0 || waited() >= seconds || gone.aborted) {
          return { complete: pending.length === 0, waited_s: waited(), pending };
        }
        if (isFirst) hasten(lanes());
        // Many pending names take long to read: that is for a small part of the time.
        if (cost > pauseMilliseconds.least) await sleep(cost * lookShare);
        await waker.sleep(Math.min(pause, (seconds - waited()) * 1000));
        pause = Math.min(pause * 2, pauseMilliseconds.most);
      }
    } finally {
      listening?.end();
    }
  }

  /**
   * Where csync2's database can't be read, the lanes do what they can, and then csync2 counts.
   * Undefined: that is not so, or an update went on meanwhile, which takes marks off that it makes
   * again before it ends.
   */
  async #countPending(
    lanes: readonly Lane[],
    seconds: number,
  ): Promise<ReadonlyMap<string, number> | undefined> {
    const { sync } = this.#parts.current();
    if (!sync.isCounted) return undefined;
    let pushes = 0;
    const end = sync.listen(() => pushes++);
    try {
      for (const lane of lanes) lane.wake();
      const time = sleep(Math.max(seconds * 1000, countMilliseconds), false);
      const isAtRest = Promise.all(lanes.map((lane) => lane.rest())).then(() => true);
      if (!(await Promise.race([isAtRest, time]))) return undefined;
      const before = pushes;
      const counts = await sync.countPending();
      return pushes === before ? counts : undefined;
    } finally {
      end();
    }
  }
}

/** More wait for flushes than may. */
export class FlushBusyError extends InotifyCsyncError {
  constructor() {
    super(
      'ICS_BUSY',
      exitCodes.temporary,
      `${mostFlushes} clients wait for flushes already`,
      'try again later',
    );
  }
}

/** A peer that was down when last tried may be up again, and a flush waits for it now. */
function hasten(lanes: readonly Lane[]): void {
  for (const lane of lanes) if (lane.status().state === 'waiting') lane.retry();
}

interface Listening {
  readonly sync: Sync;
  readonly end: () => void;
}

/**
 * Reports to the progress what is sent. A file whose name is not in a report is looked for among
 * the pending ones.
 */
function listen(sync: Sync, progress: FlushProgress, wake: () => void): Listening {
  const end = sync.listen(({ peer, names, sent }) => {
    progress.pushed(peer, sync.placesOf(names.slice(0, sent)).map(toKey));
    wake();
  });
  return { sync, end };
}

/** A database that is locked for a moment is looked at again. */
function look(
  progress: FlushProgress,
  view: () => Parameters<FlushProgress['look']>[0],
): readonly FlushPending[] {
  try {
    return progress.look(view());
  } catch (error) {
    if (!isLocked(error)) throw error;
    return [{ stage: 'peers', text: "csync2's database is locked by another process" }];
  }
}

const pauseMilliseconds = { least: 5, most: 200 };
const lookShare = 10;
/** To read what is pending takes a command of csync2; even a flush that only asks waits for it. */
const countMilliseconds = 2000;
const mostFlushes = 8;
