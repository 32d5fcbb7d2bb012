import type { Message } from './message.js';

/** One file of an update. Times are milliseconds since 1970. */
export interface Attempt {
  /** When csync2 began with the file. */
  readonly begunAt: number;
  /** When csync2 continued with something else; undefined if unknown. */
  endedAt: number | undefined;
}

/**
 * Follows the messages of `csync2 -u -v` to find the file under way when the connection ended.
 * csync2 tries every file that it has been given. If it did not reach some file or its own last
 * message, or got no answer to its goodbye, the connection ended at the last file that it names.
 */
export class PushTranscript {
  readonly #tried = new Map<string, Attempt>();
  readonly #deleted = new Set<string>();
  readonly #equal = new Set<string>();
  readonly #contested = new Set<string>();
  readonly #staying = new Set<string>();
  #last: string | undefined;
  #attempt: Attempt | undefined;
  #isConnected = false;
  #isClosed = false;
  #stayed = 0;
  #errors = 0;

  /** Takes the next message. */
  readonly add = ({ at, kind, text }: Pick<Message, 'at' | 'kind' | 'text'>): void => {
    if (kind !== 'said') return;
    const [, what, name] = /^(Updating|Deleting) (.*) on \S+ \.\.\.$/s.exec(text) ?? [];
    if (name !== undefined) {
      this.#begin(name, at);
      if (what === 'Deleting') this.#deleted.add(name);
      this.#last = name;
    } else if (text === 'File is already up to date on peer.') this.#equal.add(this.#last ?? '');
    else if (/^(?:Auto|Do not auto)-resolv/.test(text)) this.#contested.add(this.#last ?? '');
    else if (text.startsWith('Connecting to host ')) this.#isConnected = true;
    else if (text.startsWith('File stays in dirty state.')) {
      this.#stayed++;
      this.#staying.add(this.#last ?? '');
    } else if (text === 'Connection closed.') {
      this.#isClosed = true;
      this.#end(at);
    } else this.#errors = Number(/^Finished with (\d+) errors\.$/.exec(text)?.[1] ?? this.#errors);
  };

  /** The name, one character a byte, of the last file that the peer was asked about. */
  get last(): string | undefined {
    return this.#last;
  }

  /**
   * Names, one character a byte, of the files that the peer has been asked about, in that order.
   */
  get tried(): Iterable<string> {
    return this.#tried.keys();
  }

  /** Whether the session has ended in order. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether the peer has been asked about a file, by its name, one character a byte. */
  hasTried(name: string): boolean {
    return this.#tried.has(name);
  }

  /**
   * When the peer was asked about a file, by its name, one character a byte; undefined if it was
   * not.
   */
  attempt(name: string): Readonly<Attempt> | undefined {
    return this.#tried.get(name);
  }

  /**
   * Whether the peer has been sent a file rather than asked to delete it, by its name, one
   * character a byte.
   */
  hasUpdated(name: string): boolean {
    return this.#tried.has(name) && !this.#deleted.has(name);
  }

  /**
   * Whether csync2 was done with a file and did not leave it pending, by its name, one character a
   * byte. csync2 commits its notes of that every three seconds: a csync2 that was killed may have
   * lost them.
   */
  hasAccepted(name: string): boolean {
    return this.#tried.get(name)?.endedAt !== undefined && !this.#staying.has(name);
  }

  /** Whether csync2 has found a file the same on the peer, by its name, one character a byte. */
  isEqual(name: string): boolean {
    return this.#equal.has(name);
  }

  /**
   * Whether the peer had changed a file, too, and csync2 has asked `auto` which side wins, by its
   * name, one character a byte.
   */
  isContested(name: string): boolean {
    return this.#contested.has(name);
  }

  /** Names, one character a byte, of the files that the peer has been asked to delete. */
  get deleted(): ReadonlySet<string> {
    return this.#deleted;
  }

  /**
   * The name, one character a byte, of the file at which the connection ended; undefined if there
   * was none, or if that is unknown.
   *
   * @param left - names of the files that were not sent
   */
  nameCutOff(left: readonly string[]): string | undefined {
    if (!this.#isConnected || this.#last === undefined || !left.includes(this.#last))
      return undefined;
    // Each unsent file is one error, and a goodbye to a peer that is gone is one more.
    const isAnswered = this.#errors <= this.#stayed;
    const isWhole = this.#isClosed && isAnswered && left.every((name) => this.#tried.has(name));
    return isWhole ? undefined : this.#last;
  }

  #begin(name: string, at: number): void {
    this.#end(at);
    this.#attempt = { begunAt: at, endedAt: undefined };
    this.#tried.set(name, this.#attempt);
  }

  #end(at: number): void {
    if (this.#attempt) this.#attempt.endedAt ??= at;
  }
}
