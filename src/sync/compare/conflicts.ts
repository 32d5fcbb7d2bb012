import { typeOf } from '../../csync2/files/check-text.js';
import { type Conflict, conflictsOf, directoriesAbove, type HeldName } from './conflict.js';
import { ContestedNames } from './contested-names.js';
import {
  type ComparedNames,
  type ComparedPeer,
  compareNotes,
  type NoteComparisonParts,
} from './note-comparison.js';

/** A peer that may have changed the same files as this host. */
export interface ConflictPeer extends ComparedPeer {
  /** The names that the peer called changed on both sides, and that no one has decided. */
  conflicts(): readonly HeldName[];
  /** Whether a name is pending for the peer. */
  isPending(name: string): boolean;
  /** The names that are pending for the peer at and below a name. */
  pendingWithin(name: string): readonly string[];
  /** Sends the file under a name with force. */
  sendForced(name: string): void;
  /** Removes these names from the pending ones of the peer. Returns whether that was possible. */
  giveUp(names: readonly string[]): Promise<boolean>;
  /**
   * Looks at the peer's files under these names, so that the peer's service tries at once the files
   * that this host had refused.
   */
  lookAt(names: readonly string[], signal: AbortSignal): Promise<void>;
  /** Tries at once those of `names` that the peer has refused. */
  tryAgain(names: ContestedNames): void;
}

/** The parts of {@link Conflicts}. Names are those of csync2's database, one character a byte. */
export interface ConflictsParts extends NoteComparisonParts {
  readonly peers: readonly ConflictPeer[];
  /** Gives csync2's notes of this host for a name, and for all names below it if `isDeep`. */
  readonly notes: (
    name: string,
    isDeep: boolean,
  ) => Iterable<readonly [name: string, text: string]>;
}

/**
 * The conflicts of this host with its peers. It carries out an administrator's decision of who
 * wins.
 */
export class Conflicts {
  readonly #parts: ConflictsParts;

  constructor(parts: ConflictsParts) {
    this.#parts = parts;
  }

  /** All conflicts, with what both sides have. Peers are asked only if there are any. */
  async list(signal: AbortSignal): Promise<readonly Conflict[]> {
    const found = await Promise.all(this.#parts.peers.map((peer) => this.#with(peer, signal)));
    return found.flat();
  }

  /** Whether nothing of a conflict is pending for its peer any more. */
  isSent({ isTree, name, peer }: Conflict): boolean {
    const found = this.#peer(peer);
    return !found.isPending(name) && !(isTree && found.pendingWithin(name).length > 0);
  }

  /** Whether a conflict is still, or again, open. */
  isOpen({ name, peer }: Conflict): boolean {
    return this.#peer(peer)
      .conflicts()
      .some((held) => held.name === name);
  }

  /** Whether this host has what the peer had when the conflict was listed. */
  isTaken({ name, parts }: Conflict): boolean {
    const here = new Map(this.#parts.notes(name, true));
    return [...parts].every(([each, { there }]) => here.get(each) === there);
  }

  /** The other peers for which something of a conflict is pending. */
  pendingElsewhere({ name, peer, isTree }: Conflict): readonly string[] {
    return this.#parts.peers
      .filter((each) => each.name !== peer)
      .filter((each) => each.isPending(name) || (isTree && each.pendingWithin(name).length > 0))
      .map((each) => each.name);
  }

  /**
   * Whether something of a conflict is out of sight on this host, so that it must not be decided
   * now.
   */
  isOutOfSight({ name, parts }: Conflict): boolean {
    return [name, ...parts.keys()].some((each) => !this.#parts.mayDecide(each));
  }

  /**
   * Sends this host's version with force. The peer's files in its place are removed, as far as both
   * sides' notes know them.
   */
  sendOwn({ name, parts, peer }: Conflict): void {
    const found = this.#peer(peer);
    for (const each of new Set([name, ...parts.keys()])) found.sendForced(each);
    const around = new ContestedNames();
    // Rows above the name that waited for it, such as the removal of a directory, would wait for
    // seconds or minutes.
    around.add(name, 0);
    found.tryAgain(around);
  }

  /**
   * Gives up this host's version. The peer's version arrives when the peer sends it, which a
   * service on the peer does at once. Nothing changes on disk before.
   *
   * @returns whether that was possible
   */
  async giveUpOwn({ isTree, name, parts, peer }: Conflict, signal: AbortSignal): Promise<boolean> {
    const found = this.#peer(peer);
    const hasNote = (each: string) =>
      !this.#parts.notes(each, false)[Symbol.iterator]().next().done;
    // A pending removal of a directory above the name would keep the peer's version out.
    const removals = [...directoriesAbove(name)].filter(
      (each) => !hasNote(each) && found.isPending(each),
    );
    const pending = isTree ? found.pendingWithin(name) : [];
    if (!(await found.giveUp([...removals, name, ...pending]))) return false;
    const files = [...parts].filter(
      ([, { there }]) => there !== undefined && typeOf(there) === 'reg',
    );
    await found.lookAt(
      files.slice(0, mostLookedAt).map(([each]) => each),
      signal,
    );
    return true;
  }

  async #with(peer: ConflictPeer, signal: AbortSignal): Promise<readonly Conflict[]> {
    const held = peer.conflicts();
    if (held.length === 0) return [];
    const { notes } = this.#parts;
    const names = new Set(held.map(({ name }) => name));
    const scope: ComparedNames = {
      concerns: (name) =>
        names.has(name) || [...directoriesAbove(name)].some((each) => names.has(each)),
      *own() {
        for (const name of names) yield* notes(name, true);
      },
    };
    const compared = await compareNotes(
      peer,
      scope,
      { ...this.#parts, mayDecide: () => true },
      signal,
    );
    // Some conflicts may have been decided while the peer was asked.
    const left = new Set(peer.conflicts().map(({ name }) => name));
    const ownNote = (name: string) => [...notes(name, false)][0]?.[1];
    return conflictsOf(
      peer.name,
      held.filter(({ name }) => left.has(name)),
      compared?.differences,
      ownNote,
    );
  }

  #peer(name: string): ConflictPeer {
    const found = this.#parts.peers.find((peer) => peer.name === name);
    if (!found) throw new RangeError(`${name} is no peer`);
    return found;
  }
}

/**
 * How many files are looked at to alert the peer's service. One file would do, but some may be
 * excluded there.
 */
const mostLookedAt = 8;
