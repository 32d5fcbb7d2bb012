import { decodeName } from '../files/name-encoding.js';
import type { Message } from '../run/message.js';

/**
 * A file that a session of csync2's server has received. The session says so when the content is in
 * its place.
 */
export interface Reception {
  /** The name as csync2 has it, one character a byte. */
  readonly name: string;
  readonly peer: string;
  /**
   * When the content was in its place, milliseconds since 1970. Owner, mode and time follow in
   * separate commands.
   */
  readonly since: number;
  /**
   * When the session continued with something else, or ended; undefined while it may still work on
   * the file.
   */
  until?: number;
  /**
   * Why the session left the file, for the next file or because the session ended. After an end,
   * owner, mode and time may be missing, because a session ends in order even if its peer hangs up
   * in the middle of a file.
   */
  ending?: 'next' | 'closed' | 'broken';
}

/** One open session of the server. */
export interface Session {
  /** The address from which the peer connected. */
  readonly from: string;
  readonly beganAt: number;
  /** When the session sent its last message. */
  saidAt: number;
  /**
   * The session's last message was that it could not replace a directory by a file. Now it waits
   * for the file and its peer waits for an answer, for ever.
   */
  isAtImpasse: boolean;
  /** The session has marked a file. */
  hasMarked: boolean;
  /** The files that the session has received so far, in that order. */
  readonly received: Reception[];
}

/**
 * A session that was killed, or died of a fatal error. Changes that it had not committed are lost
 * in the database, but not on disk.
 */
export interface BrokenSession {
  readonly received: readonly Reception[];
  /** The session had ended by then; milliseconds since 1970. */
  readonly endedAt: number;
}

/**
 * Follows the sessions of a csync2 server (`-ii -t -v`) by its messages. A session is known by its
 * pid. A session that dies writes no last message, and sessions overlap, so the caller compares the
 * pids with the live processes.
 */
export class SessionLog {
  readonly #open = new Map<number, Session>();
  readonly #received = new Map<string, number>();
  /** Sessions that logged `Connection closed.` but not yet their total time. */
  readonly #closed = new Set<number>();
  readonly #receptions = new Map<
    string,
    { readonly reception: Reception; readonly times: readonly number[] }
  >();
  readonly #keepers = new Map<number, number>();
  #broken: BrokenSession[] = [];
  /**
   * Called for each received file with its name, one character a byte, its peer, and the time in
   * milliseconds since 1970.
   */
  onReceived: (name: string, peer: string, at: number) => void = () => {};
  /**
   * Called for each file that a session has marked because its check has found the file changed or
   * gone, or because it has rejected another version. Gets the name, one character a byte, the peer
   * if known, and the time in milliseconds since 1970.
   */
  onMarked: (name: string, peer: string | undefined, at: number) => void = () => {};
  /**
   * Called when a session has ended that has neither received nor marked a file, so its peer has
   * only looked. Gets the peer if known, and the time in milliseconds since 1970.
   */
  onLooked: (peer: string | undefined, at: number) => void = () => {};
  /** The peers that have connected from each address. */
  readonly #peersAt = new Map<string, string>();

  /** Sessions that have begun and not ended according to the log, by pid. */
  get open(): ReadonlyMap<number, Session> {
    return this.#open;
  }

  /** How many files each peer has sent us since the first read. */
  get received(): ReadonlyMap<string, number> {
    return this.#received;
  }

  /** Pids of the processes that write the log, by the server they write for. */
  get keepers(): ReadonlyMap<number, number> {
    return this.#keepers;
  }

  /**
   * The last reception of a file of this name, one character a byte; undefined if it was long ago,
   * or never.
   */
  reception(name: string): Reception | undefined {
    return this.#receptions.get(name)?.reception;
  }

  /** The last times at which a file of this name was received, in ascending order. */
  receptionTimes(name: string): readonly number[] {
    return this.#receptions.get(name)?.times ?? [];
  }

  /** Takes the next messages. */
  read(messages: readonly Message[]): void {
    for (const message of messages) {
      if (message.kind === 'keeper') this.#readKeeper(message);
      else this.#readEvent(message);
    }
  }

  /**
   * Takes the messages that an earlier run has left in the log. They show files, but count for no
   * peer.
   */
  recall(messages: readonly Message[]): void {
    this.read(messages);
    this.#received.clear();
    this.#keepers.clear();
  }

  /**
   * Ends the sessions whose process is gone, and begins those whose process has sent no message.
   *
   * @param now - when the processes were listed, or shortly before; the sessions that are gone had
   *   ended by then
   */
  keep(live: readonly number[], now: number): void {
    const alive = new Set(live);
    for (const pid of this.#open.keys()) if (!alive.has(pid)) this.#break(pid, now);
    for (const pid of this.#closed) if (!alive.has(pid)) this.#closed.delete(pid);
    for (const pid of live) if (!this.#open.has(pid)) this.#begin(pid, 'unknown', now);
  }

  /** Sessions that ended without their last message since the last call. */
  takeBroken(): readonly BrokenSession[] {
    const broken = this.#broken;
    this.#broken = [];
    return broken;
  }

  /** Forgets the keeper of a server that is gone with all its sessions. */
  forgetKeeper(server: number): void {
    this.#keepers.delete(server);
  }

  #readKeeper({ pid, text }: Message): void {
    const server = /^keeper for (\d+)$/.exec(text);
    if (server) this.#keepers.set(Number(server[1]), pid);
  }

  #readEvent({ pid, at, kind, text }: Message): void {
    const session = this.#open.get(pid);
    if (session)
      Object.assign(session, { saidAt: at, isAtImpasse: kind === 'said' && impasse.test(text) });
    // A name may hold ` from `. The peer's name comes after the last one, and holds no blank.
    const update = kind === 'said' ? /^Updated (.*) from (\S+)\.$/s.exec(text) : undefined;
    const connection = kind === 'said' ? /^New connection from (.+):\d+\.$/.exec(text) : undefined;
    const unnoted = kind === 'said' ? unnotedFile.exec(text)?.[1] : undefined;
    const mark = kind === 'said' ? /^Marking file as dirty: (.*)$/s.exec(text) : undefined;
    if (mark && session) session.hasMarked = true;
    if (mark) this.onMarked(mark[1] as string, this.#peersAt.get(session?.from ?? ''), at);
    else if (update) this.#receive(pid, update[1] as string, update[2] as string, at);
    else if (unnoted !== undefined) this.#receiveUnnoted(pid, unnoted, at);
    else if (connection) {
      this.#closed.delete(pid);
      // The pid has been reused.
      if (session) this.#break(pid, at);
      this.#begin(pid, connection[1] as string, at);
    } else if (text === 'Connection closed.') {
      const hasOnlyLooked = session && session.received.length === 0 && !session.hasMarked;
      if (hasOnlyLooked) this.onLooked(this.#peersAt.get(session.from), at);
      this.#end(pid, at, 'closed');
      this.#closed.add(pid);
    } else if (kind === 'bare' && text.startsWith('TOTALTIME:')) {
      this.#end(pid, at, 'closed');
      this.#closed.delete(pid);
    }
  }

  #begin(pid: number, from: string, at: number): void {
    this.#open.set(pid, {
      from,
      beganAt: at,
      saidAt: at,
      isAtImpasse: false,
      hasMarked: false,
      received: [],
    });
  }

  #receive(pid: number, name: string, peer: string, since: number): void {
    const reception: Reception = { name, peer, since };
    this.onReceived(name, peer, since);
    const earlier = this.#receptions.get(name)?.times ?? [];
    this.#received.set(peer, (this.#received.get(peer) ?? 0) + 1);
    if (!this.#open.has(pid) && !this.#closed.has(pid)) this.#begin(pid, 'unknown', since);
    const session = this.#open.get(pid);
    if (session) {
      finish(session, since, 'next');
      session.received.push(reception);
      this.#peersAt.set(session.from, peer);
    }
    // Insert the name again, so that it is the last one.
    this.#receptions.delete(name);
    this.#receptions.set(name, { reception, times: [...earlier.slice(1 - timesKept), since] });
    if (this.#receptions.size > receptionsKept) {
      const [oldest] = this.#receptions.keys();
      if (oldest !== undefined) this.#receptions.delete(oldest);
    }
  }

  /** Receives a file that the session could not note. The file is in its place all the same. */
  #receiveUnnoted(pid: number, encoded: string, at: number): void {
    const peer = this.#peersAt.get(this.#open.get(pid)?.from ?? '') ?? 'unknown';
    this.#receive(pid, decodeName(Buffer.from(encoded, 'latin1')).toString('latin1'), peer, at);
  }

  #break(pid: number, endedAt: number): void {
    const received = this.#open.get(pid)?.received ?? [];
    this.#end(pid, endedAt, 'broken');
    if (received.length > 0) this.#broken.push({ received, endedAt });
  }

  #end(pid: number, at: number, ending: 'closed' | 'broken'): void {
    const session = this.#open.get(pid);
    if (session) finish(session, at, ending);
    this.#open.delete(pid);
  }
}

/** Ends the session's work on the file that it received last. */
function finish(session: Session, at: number, ending: Reception['ending']): void {
  const last = session.received.at(-1);
  if (last && last.until === undefined) Object.assign(last, { until: at, ending });
}

/**
 * The last message of a session that can't note a file that is already in its place, for example on
 * a full disk. The name has no quotes here.
 */
const unnotedFile =
  /^Database Error: [A-Za-z ]+ (?:dirty|file) db \[\d+\]: [^']* on executing (?:delete from dirty where filename = '(?=[^']*' and peername)|delete from file where filename = '|INSERT INTO file \(filename, checktxt\) values \(')([^']*)'/i;
/** The message of `csync_rs_sig` when a directory that is not empty should be replaced. */
const impasse = /^I\/O Error 'Directory not empty' in rsync-sig: /;
/** More than arrive between two reads. */
const receptionsKept = 50_000;
/** For each file; more than arrive in the time for which writes are counted. */
const timesKept = 64;
