import { exitCodes, InotifyCsyncError } from '../errors.js';
import type { PauseReply, ResumeReply } from '../observe/control-replies.js';
import type { Reporter } from '../observe/reporter.js';
import type { Lane } from '../sync/push/lane.js';
import type { PausedPeers } from '../sync/push/paused-peers.js';
import type { Sync } from '../sync/sync.js';
import { localMinute } from '../text/local-time.js';
import { lanesOf } from './lanes-for.js';

/** The parts of the generation at work that a pause needs. */
export interface PausedGeneration {
  readonly current: { readonly sync: Pick<Sync, 'lanes' | 'pause' | 'resume'> };
  /** Resolves when no earlier generation sends anything. */
  readonly alone: Promise<void>;
}

/**
 * Pauses and resumes peers for an administrator. Changes the list on disk first, then the lanes.
 */
export class Pauses {
  readonly #paused: PausedPeers;
  readonly #generations: PausedGeneration;
  readonly #reporter: Pick<Reporter, 'onPaused' | 'onResumed'>;

  constructor(
    paused: PausedPeers,
    generations: PausedGeneration,
    reporter: Pick<Reporter, 'onPaused' | 'onResumed'>,
  ) {
    this.#paused = paused;
    this.#generations = generations;
    this.#reporter = reporter;
  }

  /** See {@link PausedPeers.since}. */
  since(peer: string): number | undefined {
    return this.#paused.since(peer);
  }

  /**
   * Pauses these peers, or all, and resolves when nothing is being sent to them. Throws an
   * UnknownPeerError, before anything has changed, and a PauseNotKeptError.
   */
  async pause(peers: readonly string[] | undefined): Promise<PauseReply> {
    const names = this.#namesOf(peers);
    const added = this.#paused.pause(names);
    for (const peer of added) this.#reporter.onPaused(peer);
    await Promise.all([this.#generations.current.sync.pause(names), this.#generations.alone]);
    return { paused: added, already: names.filter((peer) => !added.includes(peer)) };
  }

  /** Resumes these peers, or all. Throws as {@link pause}. */
  resume(peers: readonly string[] | undefined): ResumeReply {
    const names = this.#namesOf(peers);
    const resumed = this.#paused.resume(names);
    for (const peer of resumed) this.#reporter.onResumed(peer);
    this.#generations.current.sync.resume(resumed);
    return { resumed, not_paused: names.filter((peer) => !resumed.includes(peer)) };
  }

  #namesOf(peers: readonly string[] | undefined): readonly string[] {
    const { sync } = this.#generations.current;
    return (peers === undefined ? sync.lanes : lanesOf(peers, sync)).map((lane) => lane.peer);
  }
}

/**
 * Makes sure that files can be sent to these peers. Throws a {@link PausedError} if some of them
 * are paused.
 */
export function requireSendable(lanes: readonly Lane[]): void {
  const paused = lanes.flatMap((lane) => {
    const { peer, pausedSince } = lane.status();
    return pausedSince === undefined ? [] : [{ peer, since: pausedSince }];
  });
  if (paused.length > 0) throw new PausedError(paused);
}

/** An administrator has paused a peer. */
export class PausedError extends InotifyCsyncError {
  constructor(paused: readonly { readonly peer: string; readonly since: number }[]) {
    super(
      'ICS_PEER_PAUSED',
      exitCodes.temporary,
      paused.map(({ peer, since }) => `${peer} ${pausedText(since)}`).join('; '),
      `resume: inotify-csync resume ${paused.map(({ peer }) => peer).join(' ')}`,
    );
  }
}

/** `is paused since 2026-11-27 21:46`. */
export function pausedText(since: number): string {
  return `is paused since ${localMinute(since)}`;
}

/** The list of paused peers could not be read. */
export function allPausedText(file: string): string {
  return `${file} is damaged, so all peers are paused: resume those that are to receive files: inotify-csync resume PEER`;
}
