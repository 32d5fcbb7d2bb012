import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { exitCodes, InotifyCsyncError } from '../../errors.js';
import { replaceFile } from '../../state/replace-file.js';
import type { PathKey } from '../../text/path-bytes.js';

/**
 * The mounts in the trees, remembered over restarts: a disk that is missing at the next start must
 * be noticed. The memory lies beside the queue, and is on disk before anything below a mount is
 * looked at.
 */
export class MountMemory {
  readonly #file: string;
  readonly #mounts: Map<PathKey, string>;
  readonly #accepted: Set<PathKey>;
  readonly #received: Set<string>;
  #row: number | undefined;
  #isChanged = false;

  private constructor(file: string, { mounts, accepted, received, row }: Kept) {
    this.#file = file;
    this.#mounts = new Map(mounts);
    this.#accepted = new Set(accepted);
    this.#received = new Set(received);
    this.#row = row;
  }

  /**
   * Reads what an earlier run has written; remembers nothing if there is no file.
   *
   * Throws a {@link MountMemoryError} if the file can't be read: without it, an unmounted disk
   * would pass for deleted files.
   */
  static open(file: string): MountMemory {
    return new MountMemory(file, readKept(file));
  }

  /** The places where something was mounted. */
  get points(): readonly PathKey[] {
    return [...this.#mounts.keys()];
  }

  /** The mount that was there, see `identityOf`; undefined if there was none. */
  mounted(point: PathKey): string | undefined {
    return this.#mounts.get(point);
  }

  remember(point: PathKey, identity: string): void {
    if (this.#mounts.get(point) === identity) return;
    this.#mounts.set(point, identity);
    this.#isChanged = true;
  }

  forget(point: PathKey): void {
    if (this.#mounts.delete(point)) this.#isChanged = true;
  }

  /** Whether an administrator has accepted a place as it is. */
  isAccepted(place: PathKey): boolean {
    return this.#accepted.has(place);
  }

  accept(place: PathKey): void {
    if (this.#accepted.has(place)) return;
    this.#accepted.add(place);
    this.#isChanged = true;
  }

  /** An acceptance counts once. */
  endAcceptance(place: PathKey): void {
    if (this.#accepted.delete(place)) this.#isChanged = true;
  }

  /** Names of files that peers have sent to places that are out of sight, one character a byte. */
  get received(): readonly string[] {
    return [...this.#received];
  }

  noteReceived(name: string): void {
    if (this.#received.has(name)) return;
    this.#received.add(name);
    this.#isChanged = true;
  }

  forgetReceived(names: readonly string[]): void {
    for (const name of names) if (this.#received.delete(name)) this.#isChanged = true;
  }

  /**
   * The highest row of csync2's notes when everything was last in sight; undefined if everything is
   * in sight now.
   */
  get lastRowInSight(): number | undefined {
    return this.#row;
  }

  set lastRowInSight(row: number | undefined) {
    if (row !== this.#row) this.#isChanged = true;
    this.#row = row;
  }

  /**
   * Writes down the changes. Throws the errors of the file system; then the next call tries again.
   */
  save(): void {
    if (!this.#isChanged) return;
    const [mounts, accepted, row] = [[...this.#mounts], [...this.#accepted], this.#row];
    replaceFile(
      this.#file,
      textOf({ mounts, accepted, received: this.received, ...(row === undefined ? {} : { row }) }),
    );
    this.#isChanged = false;
  }
}

/** The file can't be read, or is none of ours. */
export class MountMemoryError extends InotifyCsyncError {
  constructor(file: string, why: string, options?: ErrorOptions) {
    super(
      'ICS_MOUNT_MEMORY',
      exitCodes.dataFormat,
      `cannot read ${file}, which tells what was mounted in the trees: ${why}`,
      'see that everything is mounted that should be, then remove the file and start again',
      options,
    );
  }
}

interface Kept {
  /** Mount points and what was mounted there; one character a byte. */
  readonly mounts: readonly (readonly [PathKey, string])[];
  readonly accepted: readonly PathKey[];
  readonly received: readonly string[];
  readonly row?: number;
}

function textOf(kept: Kept): string {
  return `${JSON.stringify({ version, ...kept }, undefined, 1)}\n`;
}

function readKept(file: string): Kept {
  let text: string;
  try {
    text = readText(file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
      return { mounts: [], accepted: [], received: [] };
    throw new MountMemoryError(file, (cause as Error).message, { cause });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new MountMemoryError(file, 'it is damaged', { cause });
  }
  if (!isKept(value)) throw new MountMemoryError(file, 'it is damaged, or of another version');
  return value;
}

function readText(file: string): string {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

function isKept(value: unknown): value is Kept {
  if (typeof value !== 'object' || value === null) return false;
  const { version: written, mounts, accepted, received, row } = value as Record<string, unknown>;
  const isText = (each: unknown) => typeof each === 'string';
  const isPair = (each: unknown) => Array.isArray(each) && each.length === 2 && each.every(isText);
  return (
    written === version &&
    Array.isArray(mounts) &&
    mounts.every(isPair) &&
    Array.isArray(accepted) &&
    accepted.every(isText) &&
    Array.isArray(received) &&
    received.every(isText) &&
    (row === undefined || typeof row === 'number')
  );
}

const version = 1;
