import { exitCodes, InotifyCsyncError } from '../errors.js';
import type { ControlRequest } from '../observe/control-protocol.js';
import type {
  AcceptRootReply,
  CheckReply,
  ReloadReply,
  RetryReply,
  VerifyReply,
} from '../observe/control-replies.js';
import type { ControlHandler } from '../observe/control-server.js';
import type { EventReaders } from '../observe/event-readers.js';
import type { Status } from '../observe/status.js';
import type { Queue } from '../queue/queue.js';
import { type RootState, rootText } from '../sync/guard/root-guard.js';
import type { Lane } from '../sync/push/lane.js';
import { display, fromKey } from '../text/path-bytes.js';
import { conflictsReply } from './conflicts/conflict-replies.js';
import { resolveConflicts } from './conflicts/resolve.js';
import type { Flushes } from './flush/flush.js';
import type { Generation } from './generation.js';
import { lanesFor } from './lanes-for.js';
import { type Pauses, pausedText, requireSendable } from './pauses.js';
import { foundReply, missingReply } from './preview-replies.js';
import { NoComparisonError, NotSynchronisedError } from './refusals.js';
import { notComparedReply, verifiedReply } from './verified-reply.js';

/** The parts from which the control socket answers requests. */
export interface Controlled {
  readonly queue: Queue;
  readonly current: () => Pick<Generation, 'sync' | 'concerns'>;
  readonly status: () => Status;
  readonly metrics: () => unknown;
  readonly flushes: Flushes;
  readonly events: EventReaders;
  readonly pauses: Pauses;
  /**
   * Reads both configurations again. Rejects if they can't be used. Resolves to the settings that
   * need a restart.
   */
  readonly reload: () => Promise<readonly string[]>;
}

/** Answers the control socket's requests from the running stages. */
export function controlHandler({
  queue,
  current,
  status,
  metrics,
  reload,
  flushes,
  events,
  pauses,
}: Controlled): ControlHandler {
  return async (request, gone) => {
    const { concerns, sync } = current();
    switch (request.command) {
      case 'status':
        return status();
      case 'metrics':
        return metrics();
      case 'reload':
        return { needs_restart: await reload() } satisfies ReloadReply;
      case 'check':
      case 'preview-check': {
        const { paths } = request;
        const outside = paths?.filter((path) => !concerns(fromKey(path))) ?? [];
        const inside = paths?.filter((path) => !outside.includes(path));
        if (inside?.length === 0) throw new NotSynchronisedError(outside);
        const reply = {
          queued: inside?.map((path) => display(fromKey(path))) ?? 'everything',
          outside: outside.map((path) => display(fromKey(path))),
        } satisfies CheckReply;
        if (request.command === 'preview-check') {
          const { preview, strategy } = sync;
          if (!preview) throw new NoComparisonError(strategy);
          const places = inside?.map(fromKey) ?? sync.roots;
          return { ...reply, found: await foundReply(preview, places) } satisfies CheckReply;
        }
        if (inside) queue.append(inside.map((path) => ({ kind: 'recheck', path: fromKey(path) })));
        else queue.requireFullCheck('on request');
        sync.scheduler.retryFullCheck();
        sync.scheduler.wake();
        return reply;
      }
      case 'flush': {
        const outside = request.paths?.filter((path) => !concerns(fromKey(path))) ?? [];
        if (outside.length > 0) throw new NotSynchronisedError(outside);
        lanesFor(request.peer, sync);
        const scope = { paths: request.paths?.map(fromKey), peer: request.peer };
        return await flushes.run(scope, request.seconds, gone);
      }
      case 'events':
        lanesFor(request.peer, sync);
        return await events.read(request, request.seconds, gone);
      case 'verify':
        return await verifyPeers(request, current(), pauses, gone);
      case 'conflicts': {
        const { conflicts, strategy } = sync;
        if (!conflicts) throw new NoComparisonError(strategy);
        return conflictsReply(await conflicts.list(gone), status().host, sync);
      }
      case 'resolve':
        return await resolveConflicts(request, { host: status().host, sync, concerns }, gone);
      case 'retry': {
        const lanes = lanesFor(request.peer, sync);
        const isPaused = ({ peer }: Lane) => pauses.since(peer) !== undefined;
        const sent = lanes.filter((lane) => !isPaused(lane));
        if (sent.length === 0) requireSendable(lanes);
        for (const lane of sent) lane.retry();
        const names = (some: readonly Lane[]) => some.map(({ peer }) => peer);
        return { peers: names(sent), paused: names(lanes.filter(isPaused)) } satisfies RetryReply;
      }
      case 'pause':
        return await pauses.pause(request.peers);
      case 'resume':
        return pauses.resume(request.peers);
      case 'accept-root':
      case 'preview-accept-root': {
        const path = fromKey(request.path);
        if (!sync.guard.states().some((root) => root.path.equals(path)))
          throw new UnknownRootError(request.path);
        const missing = await missingReply(sync.preview, path);
        if (request.command === 'preview-accept-root')
          return { accepted: null, ...missing } satisfies AcceptRootReply;
        sync.guard.allow(path);
        const left = sync.guard.states().find((root) => root.path.equals(path));
        if (left && !accepted.has(left.state))
          throw new RootNotAcceptedError(request.path, rootText(left));
        return { accepted: display(path), ...missing } satisfies AcceptRootReply;
      }
    }
  };
}

async function verifyPeers(
  { peer, path, repair }: Extract<ControlRequest, { command: 'verify' }>,
  { concerns, sync }: Pick<Generation, 'sync' | 'concerns'>,
  pauses: Pauses,
  signal: AbortSignal,
): Promise<VerifyReply> {
  if (path !== undefined && !concerns(fromKey(path))) throw new NotSynchronisedError([path]);
  const { verify } = sync;
  if (!verify) throw new NoComparisonError(sync.strategy);
  const lanes = lanesFor(peer, sync);
  const how = { path: path === undefined ? undefined : fromKey(path), repairs: repair };
  const peers = await Promise.all(
    lanes.map(async (lane) => {
      const since = pauses.since(lane.peer);
      // A comparison sends nothing, so paused peers don't matter.
      if (repair && since !== undefined)
        return notComparedReply(lane.peer, `it ${pausedText(since)}`);
      return verifiedReply(lane.peer, await verify(lane.peer, how, signal), sync);
    }),
  );
  return { equal: peers.every(({ error, different }) => error === null && different === 0), peers };
}

/** A place is in a state that cannot be intentional. */
export class RootNotAcceptedError extends InotifyCsyncError {
  constructor(path: string, text: string) {
    super(
      'ICS_ROOT_NOT_ACCEPTED',
      exitCodes.usage,
      `cannot accept ${path}: it is ${text}`,
      'restore it, or remove it from csync2.cfg on every host',
    );
  }
}

const accepted: ReadonlySet<RootState> = new Set(['present', 'returning']);

/** A path that is not a guarded place. */
export class UnknownRootError extends InotifyCsyncError {
  constructor(path: string) {
    super(
      'ICS_UNKNOWN_ROOT',
      exitCodes.usage,
      `${path} is neither an included directory nor a mount point in one`,
      '`inotify-csync status` lists them',
    );
  }
}
