import { setTimeout as sleep } from 'node:timers/promises';
import { isLocked } from '../../csync2/database/connection.js';
import { exitCodes, InotifyCsyncError } from '../../errors.js';
import type { FlushReply } from '../../observe/control-replies.js';
import type { Queue } from '../../queue/queue.js';
import { Waker } from '../../sync/common/waker.js';
import type { Lane } from '../../sync/push/lane.js';
import type { Sync } from '../../sync/sync.js';
import { toKey } from '../../text/path-bytes.js';
import { requireSendable } from '../pauses.js';
import { type FlushPending, FlushProgress } from './progress.js';
import { type FlushedGeneration, type FlushScope, flushView } from './view.js';

/** The view of all stages that flushes use. */
export interface FlushParts {
  readonly queue: Queue;
  readonly current: () => FlushedGeneration;
  /** Whether another generation may be about to replace the current one. */
  readonly isReplacing: () => boolean;
}

/** Waits until earlier changes have reached the peers, for several clients at the same time. */
export class Flushes {
  readonly #parts: FlushParts;
  #count = 0;

  constructor(parts: FlushParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when all earlier changes have reached the peers, or, after the timeout, with those
   * that are pending. Polls the stages meanwhile. Nothing polls when no flush waits.
   *
   * @param seconds - 0 to check only once
   * @param gone - aborted when the client has gone
   *
   * Throws a {@link FlushBusyError}, and a PausedError if a peer is paused, now or during the wait.
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
        // Reading many pending names takes long, so limit its share of the time.
        if (cost > pauseMilliseconds.least) await sleep(cost * lookShare);
        await waker.sleep(Math.min(pause, (seconds - waited()) * 1000));
        pause = Math.min(pause * 2, pauseMilliseconds.most);
      }
    } finally {
      listening?.end();
    }
  }

  /**
   * If csync2's database can't be read, lets the lanes do their work, and then makes csync2 count.
   * Undefined if the database can be read, or if an update ran meanwhile, because an update removes
   * marks that it makes again before it ends.
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

/** Too many clients wait for flushes. */
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

/**
 * Makes the lanes retry. A peer that was down at the last try may be up again, and a flush waits
 * for it now.
 */
function hasten(lanes: readonly Lane[]): void {
  for (const lane of lanes) if (lane.status().state === 'waiting') lane.retry();
}

interface Listening {
  readonly sync: Sync;
  readonly end: () => void;
}

/**
 * Reports sent files to the progress. A file whose name is not in a report is searched for among
 * the pending ones.
 */
function listen(sync: Sync, progress: FlushProgress, wake: () => void): Listening {
  const end = sync.listen(({ peer, names, sent }) => {
    progress.pushed(peer, sync.placesOf(names.slice(0, sent)).map(toKey));
    wake();
  });
  return { sync, end };
}

/** Reads the stages, again if the database is locked for a moment. */
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
/** Reading what is pending takes a csync2 command. Even a flush that only asks waits for it. */
const countMilliseconds = 2000;
const mostFlushes = 8;
