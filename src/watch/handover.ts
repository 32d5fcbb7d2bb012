import { readSync } from 'node:fs';

/**
 * What a watcher has left in its page (native/watch/handover.h) for the one that goes on with its
 * inotify instance.
 */
export interface HandoverPage {
  /**
   * All that it had read from the kernel is in the queue, as records or as a full check that is
   * due, however it ended.
   */
  readonly clean: boolean;
  /**
   * Readings of the kernel's events that have begun, and of these the first ones, of which all is
   * in the queue.
   */
  readonly begun: bigint;
  readonly kept: bigint;
  /** Digest of what it watched, 32 bytes. */
  readonly fingerprint: Buffer;
}

/** Reads a page; undefined if this version does not understand it. Throws an ErrnoException. */
export function readHandover(fd: number): HandoverPage | undefined {
  const bytes = Buffer.alloc(pageBytes);
  return readSync(fd, bytes, 0, pageBytes, 0) === pageBytes ? decodeHandover(bytes) : undefined;
}

/** The same of the page's bytes. Pure. */
export function decodeHandover(bytes: Buffer): HandoverPage | undefined {
  if (bytes.length < pageBytes || bytes.toString('latin1', 0, 8) !== magic) return undefined;
  // As the processor writes it: the page never leaves its machine.
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
