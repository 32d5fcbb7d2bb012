import { exitCodes, InotifyCsyncError } from '../errors.js';
import type { ControlHandler } from '../observe/control-server.js';
import type { Status } from '../observe/status.js';
import { fromKey } from '../path-bytes.js';
import type { Queue } from '../queue/queue.js';
import type { Sync } from '../sync/create-sync.js';
import { type RootState, rootText } from '../sync/root-guard.js';

/** Answers the control socket's requests with what the running stages can do. */
export function controlHandler(queue: Queue, currentSync: () => Sync, status: () => Status): ControlHandler {
  return (request) => {
    const sync = currentSync();
    switch (request.command) {
      case 'status':
        return status();
      case 'check': {
        if (request.paths)
          queue.append(request.paths.map((path) => ({ kind: 'recheck', path: fromKey(path) })));
        else queue.owe('somebody asked for it');
        sync.scheduler.retryFullCheck();
        sync.scheduler.wake();
        return { accepted: request.paths?.length ?? 'all' };
      }
      case 'retry': {
        const lanes = sync.lanes.filter((lane) => request.peer === undefined || lane.peer === request.peer);
        if (lanes.length === 0)
          throw new UnknownPeerError(
            request.peer ?? '',
            sync.lanes.map((lane) => lane.peer),
          );
        for (const lane of lanes) lane.retry();
        return { peers: lanes.map((lane) => lane.peer) };
      }
      case 'accept-root': {
        const path = fromKey(request.path);
        if (!sync.guard.states().some((root) => root.path.equals(path)))
          throw new UnknownRootError(request.path);
        sync.guard.allow(path);
        const left = sync.guard.states().find((root) => root.path.equals(path));
        if (left && !accepted.has(left.state)) throw new RootNotAcceptedError(request.path, rootText(left));
        return { accepted: request.path };
      }
    }
  };
}

/** A name that is no peer of this host. */
export class UnknownPeerError extends InotifyCsyncError {
  constructor(peer: string, known: readonly string[]) {
    super(
      'ICS_UNKNOWN_PEER',
      exitCodes.usage,
      `${peer} is not a peer of this host`,
      `peers are: ${known.join(', ')}`,
    );
  }
}

/** A place that is in a state which nobody can mean. */
export class RootNotAcceptedError extends InotifyCsyncError {
  constructor(path: string, text: string) {
    super(
      'ICS_ROOT_NOT_ACCEPTED',
      exitCodes.usage,
      `${path} is ${text}: that can't be accepted`,
      'bring it back, or take it out of csync2.cfg on every host',
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
