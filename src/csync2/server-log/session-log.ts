import { decodeName } from '../files/name-encoding.js';
import type { Message } from '../run/message.js';

/**
 * A file that a session of csync2's server has taken over: it says so when the content is in its
 * place.
 */
export interface Reception {
  /** As csync2 has it, one character a byte. */
  readonly name: string;
  readonly peer: string;
  /**
   * When the content was in its place, milliseconds since 1970. Owner, mode and time follow, each
   * in a command of its own.
   */
  readonly since: number;
  /**
   * When the session went on to something else, or ended; undefined while it may still have to do
   * with the file.
   */
  until?: number;
  /**
   * What came then: the next file, or the end of the session. Behind an end, owner, mode and time
   * may be missing: a peer that hangs up in the middle of a file ends its session in order.
   */
  ending?: 'next' | 'closed' | 'broken';
}

/** One open session of the server. */
export interface Session {
  /** Address the peer came from. */
  readonly from: string;
  readonly beganAt: number;
  /** When it said something last. */
  saidAt: number;
  /**
   * It said last that it could not replace a directory by a file: it awaits the file now, and its
   * peer an answer, for ever.
   */
  isAtImpasse: boolean;
  /** It has marked a file. */
  hasMarked: boolean;
  /** What it has taken over so far, in that order. */
  readonly received: Reception[];
}

/**
 * A session that was killed, or died of a fatal error: what it had not committed to the database is
 * lost there, not on disk.
 */
export interface BrokenSession {
  readonly received: readonly Reception[];
  /** It had ended by then; milliseconds since 1970. */
  readonly endedAt: number;
}

/**
 * What the messages of a csync2 server (`-ii -t -v`) tell about its sessions. Each is known by its
 * pid. One that dies writes no last word, and sessions overlap: the caller checks the pids against
 * the live processes.
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
   * Told the name of each file that is received, one character a byte; its peer; and when, in
   * milliseconds since 1970.
   */
  onReceived: (name: string, peer: string, at: number) => void = () => {};
  /**
   * Told the name of each file that a session has marked, one character a byte, since its check has
   * found it changed or gone, or since it has refused another version; the peer, if that is known;
   * and when, in milliseconds since 1970.
   */
  onMarked: (name: string, peer: string | undefined, at: number) => void = () => {};
  /**
   * Told that a session has ended which has neither received nor marked anything: its peer has only
   * looked. The peer, if that is known; and when, in milliseconds since 1970.
   */
  onLooked: (peer: string | undefined, at: number) => void = () => {};
  /** The peers that have come from each address. */
  readonly #peersAt = new Map<string, string>();

  /** Sessions that the log has begun and not ended, by pid. */
  get open(): ReadonlyMap<number, Session> {
    return this.#open;
  }

  /** How many files each peer has sent us since we read. */
  get received(): ReadonlyMap<string, number> {
    return this.#received;
  }

  /** Pids of the processes that write the log, by the server they write for. */
  get keepers(): ReadonlyMap<number, number> {
    return this.#keepers;
  }

  /**
   * How a file of this name, one character a byte, was taken over last; undefined if that was long
   * ago, or never.
   */
  reception(name: string): Reception | undefined {
    return this.#receptions.get(name)?.reception;
  }

  /** When a file of this name was taken over, in ascending order: the last times. */
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

  /** Takes what an earlier run has left in the log: it tells of files, but nobody is counted. */
  recall(messages: readonly Message[]): void {
    this.read(messages);
    this.#received.clear();
    this.#keepers.clear();
  }

  /**
   * Ends the sessions whose process is gone, and begins those whose process is there without a
   * message.
   *
   * @param now - when the processes were looked at, or a moment before that by which those gone had
   *   ended
   */
  keep(live: readonly number[], now: number): void {
    const alive = new Set(live);
    for (const pid of this.#open.keys()) if (!alive.has(pid)) this.#break(pid, now);
    for (const pid of this.#closed) if (!alive.has(pid)) this.#closed.delete(pid);
    for (const pid of live) if (!this.#open.has(pid)) this.#begin(pid, 'unknown', now);
  }

  /** Sessions that ended without their last word since the last call. */
  takeBroken(): readonly BrokenSession[] {
    const broken = this.#broken;
    this.#broken = [];
    return broken;
  }

  /** A server is gone, and all its sessions: nobody writes for it any more. */
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
    // A name may hold ` from `: the peer's name is behind the last one, and holds no blank.
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
      // The pid has been given out again.
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
    // The last one stays the last.
    this.#receptions.delete(name);
    this.#receptions.set(name, { reception, times: [...earlier.slice(1 - timesKept), since] });
    if (this.#receptions.size > receptionsKept) {
      const [oldest] = this.#receptions.keys();
      if (oldest !== undefined) this.#receptions.delete(oldest);
    }
  }

  /** It is in its place all the same. */
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

/** The session has nothing more to do with the file that it took over last. */
function finish(session: Session, at: number, ending: Reception['ending']): void {
  const last = session.received.at(-1);
  if (last && last.until === undefined) Object.assign(last, { until: at, ending });
}

/**
 * The last words of a session that can't note what it has just put in its place: its disk is full,
 * say. A name has no quotes here.
 */
const unnotedFile =
  /^Database Error: [A-Za-z ]+ (?:dirty|file) db \[\d+\]: [^']* on executing (?:delete from dirty where filename = '(?=[^']*' and peername)|delete from file where filename = '|INSERT INTO file \(filename, checktxt\) values \(')([^']*)'/i;
/** `csync_rs_sig`, where what is to be replaced is a directory with something in it. */
const impasse = /^I\/O Error 'Directory not empty' in rsync-sig: /;
/** More than arrive between two looks. */
const receptionsKept = 50_000;
/** Of each file: more than arrive in the time for which writes are counted. */
const timesKept = 64;
