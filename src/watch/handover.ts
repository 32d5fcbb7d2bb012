import { readSync } from 'node:fs';

/**
 * The page (native/watch/handover.h) that a watcher has left for its successor on the same inotify
 * instance.
 */
export interface HandoverPage {
  /**
   * Everything that the watcher had read from the kernel is in the queue, as records or as a full
   * check that is due, however the watcher ended.
   */
  readonly clean: boolean;
  /**
   * `begun` counts the readings of the kernel's events that have begun. The events of the first
   * `kept` readings are all in the queue.
   */
  readonly begun: bigint;
  readonly kept: bigint;
  /** Digest of what the watcher watched, 32 bytes. */
  readonly fingerprint: Buffer;
}

/** Reads a page; undefined if this version does not understand it. Throws an ErrnoException. */
export function readHandover(fd: number): HandoverPage | undefined {
  const bytes = Buffer.alloc(pageBytes);
  return readSync(fd, bytes, 0, pageBytes, 0) === pageBytes ? decodeHandover(bytes) : undefined;
}

/** Decodes the bytes of a page, as {@link readHandover}. Pure. */
export function decodeHandover(bytes: Buffer): HandoverPage | undefined {
  if (bytes.length < pageBytes || bytes.toString('latin1', 0, 8) !== magic) return undefined;
  // In the byte order of the processor, because the page never leaves its machine.
  const [, begun = 0n, kept = 0n] = new BigUint64Array(
    Uint8Array.from(bytes.subarray(0, pageBytes)).buffer,
  );
  return {
    clean: begun === kept,
    begun,
    kept,
    fingerprint: bytes.subarray(fingerprintAt, pageBytes),
  };
}

const magic = 'icshand1';
const fingerprintAt = 32;
const pageBytes = 64;
