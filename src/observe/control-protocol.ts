import { exitCodes, InotifyCsyncError } from '../errors.js';
import type { RingQuery } from './event-ring.js';

/**
 * The requests and replies of the control socket, one JSON object a line in each direction. Paths
 * are `latin1` text, one character a byte, because JSON has no bytes.
 */
export type ControlRequest =
  | { readonly command: 'status' }
  | { readonly command: 'metrics' }
  /** Checks everything, or these paths and everything below them. */
  | { readonly command: 'check'; readonly paths?: readonly string[] }
  /** Tries waiting peers and files on hold now. */
  | { readonly command: 'retry'; readonly peer?: string }
  /** Pauses or resumes these peers, or all. Nothing is sent to a paused peer. */
  | { readonly command: 'pause' | 'resume'; readonly peers?: readonly string[] }
  /**
   * Waits, at most so many seconds, until all earlier changes have reached the peers, or this one.
   */
  | {
      readonly command: 'flush';
      readonly seconds: number;
      readonly paths?: readonly string[];
      readonly peer?: string;
    }
  /**
   * Compares with all peers or one, everything or a path and everything below it. `repair` also
   * sends what the other side lacks.
   */
  | {
      readonly command: 'verify';
      readonly repair: boolean;
      readonly peer?: string;
      readonly path?: string;
    }
  /** Lists files that changed on this host and on a peer. */
  | { readonly command: 'conflicts' }
  /**
   * Decides conflicts. Keeps the version of this host, of a peer, or the `newest`. With `dry_run`
   * it only says what it would do.
   */
  | {
      readonly command: 'resolve';
      readonly paths: readonly string[];
      readonly keep: string;
      readonly dry_run: boolean;
    }
  /**
   * Reads events of a peer, since a time in milliseconds since 1970, and after a page. Waits for
   * one at most so many seconds.
   */
  | ({ readonly command: 'events'; readonly seconds: number } & RingQuery)
  /** Reads the settings and csync2.cfg again. The answer comes when the daemon uses them. */
  | { readonly command: 'reload' }
  /**
   * Returns what a check would find. It is a separate command, so that a daemon that does not know
   * it does not check.
   */
  | { readonly command: 'preview-check'; readonly paths?: readonly string[] }
  /** Accepts an emptied or replaced root as intentional. */
  | { readonly command: 'accept-root'; readonly path: string }
  /** Returns what accepting it would delete. */
  | { readonly command: 'preview-accept-root'; readonly path: string };

export type ControlReply =
  | { readonly ok: true; readonly result: unknown }
  | {
      readonly ok: false;
      readonly error: {
        readonly code: string;
        /** The exit code for the client's process. */
        readonly exitCode: number;
        readonly message: string;
        readonly hint: string;
      };
    };

/** Bytes of a request on the control socket, without its newline. */
export const requestBytesLimit = 1024 * 1024;

/** Bytes of a request on the read socket, without its newline. */
export const readRequestBytesLimit = 4096;

/** The longest time in seconds that a flush may wait, a day. */
export const longestFlush = 86_400;

/**
 * The longest time in seconds that a reader of events may wait. A client that has gone is noticed
 * then.
 */
export const longestEventsWait = 5;

/** The group whose members may open the read socket. */
export const readersGroup = 'inotify-csync';

/** The requests that change nothing and need no wait. */
export const readRequests: ReadonlySet<ControlRequest['command']> = new Set(['status', 'metrics']);

/** Reads one request. Throws a {@link BadRequestError}. */
export function parseRequest(line: string): ControlRequest {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new BadRequestError('it is not JSON');
  }
  if (!isRecord(value)) throw new BadRequestError('it is not an object');
  const { command, paths, peer, path, repair, seconds } = value;
  switch (command) {
    case 'status':
    case 'metrics':
    case 'reload':
    case 'conflicts':
      return { command };
    case 'check':
    case 'preview-check':
      if (paths === undefined) return { command };
      if (Array.isArray(paths) && paths.every(isPath)) return { command, paths };
      throw new BadRequestError('`paths` must be a list of absolute paths');
    case 'flush':
      if (typeof seconds !== 'number' || !(seconds >= 0 && seconds <= longestFlush)) {
        throw new BadRequestError(`\`seconds\` must be a number from 0 to ${longestFlush}`);
      }
      if (paths !== undefined && !(Array.isArray(paths) && paths.every(isPath))) {
        throw new BadRequestError('`paths` must be a list of absolute paths');
      }
      if (peer !== undefined && typeof peer !== 'string')
        throw new BadRequestError('`peer` must be a name');
      return {
        command,
        seconds,
        ...(paths ? { paths } : {}),
        ...(peer === undefined ? {} : { peer }),
      };
    case 'verify':
      if (peer !== undefined && typeof peer !== 'string')
        throw new BadRequestError('`peer` must be a name');
      if (path !== undefined && !isPath(path))
        throw new BadRequestError('`path` must be an absolute path');
      return {
        ...{ command, repair: repair === true },
        ...(peer === undefined ? {} : { peer }),
        ...(path === undefined ? {} : { path }),
      };
    case 'events':
      return parseEvents(value);
    case 'resolve':
      return parseResolve(value);
    case 'retry':
      if (peer === undefined) return { command };
      if (typeof peer === 'string') return { command, peer };
      throw new BadRequestError('`peer` must be a name');
    case 'pause':
    case 'resume':
      return parsePeers(command, value.peers);
    case 'accept-root':
    case 'preview-accept-root':
      if (isPath(path)) return { command, path };
      throw new BadRequestError('`path` must be an absolute path');
    default:
      throw new BadRequestError('its command is unknown');
  }
}

function parsePeers(command: 'pause' | 'resume', peers: unknown): ControlRequest {
  if (peers === undefined) return { command };
  // A request without a peer is a mistake of the client, and must not mean all peers.
  if (Array.isArray(peers) && peers.length > 0 && peers.every(isText)) return { command, peers };
  throw new BadRequestError('`peers` must be a list of names');
}

function parseEvents({ after, peer, seconds, since }: Record<string, unknown>): ControlRequest {
  if (!isNumber(seconds) || seconds > longestEventsWait) {
    throw new BadRequestError(`\`seconds\` must be a number from 0 to ${longestEventsWait}`);
  }
  if (after !== undefined && !(isNumber(after) && Number.isSafeInteger(after))) {
    throw new BadRequestError('`after` must be a whole number');
  }
  if (since !== undefined && !isNumber(since))
    throw new BadRequestError('`since` must be a number');
  if (peer !== undefined && typeof peer !== 'string')
    throw new BadRequestError('`peer` must be a name');
  return { command: 'events', after, peer, seconds, since };
}

function parseResolve({ paths, keep, dry_run: isDry }: Record<string, unknown>): ControlRequest {
  if (!Array.isArray(paths) || paths.length === 0 || !paths.every(isPath)) {
    throw new BadRequestError('`paths` must be a list of absolute paths');
  }
  if (typeof keep !== 'string' || keep === '') throw new BadRequestError('`keep` must be a name');
  // Do only what was requested clearly.
  if (typeof isDry !== 'boolean') throw new BadRequestError('`dry_run` must be true or false');
  return { command: 'resolve', paths, keep, dry_run: isDry };
}

/** The daemon did not understand a request. */
export class BadRequestError extends InotifyCsyncError {
  constructor(why: string) {
    super(
      'ICS_BAD_REQUEST',
      exitCodes.usage,
      `the request was not understood: ${why}`,
      'use the inotify-csync command',
    );
  }
}

/** A request is too long. */
export class RequestTooLongError extends InotifyCsyncError {
  constructor(limit = requestBytesLimit) {
    super(
      'ICS_REQUEST_TOO_LONG',
      exitCodes.usage,
      `a request may not be longer than ${limit} bytes`,
      'give fewer paths at once, or a directory above them',
    );
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('/') && !value.includes('\0');
}
