import type { PathBytes } from '../../text/path-bytes.js';

/**
 * Bytes of arguments in one command. Linux allows a quarter of the stack limit (execve(2)), 2 MiB
 * by default, for arguments, environment and their pointers; half of that leaves room for every
 * environment.
 */
export const argumentBytesLimit = 1024 * 1024;

const pointerBytes = 8;

/** Cuts paths into chunks that fit into one argument list each, by bytes and not by count. */
export function* argumentChunks(
  paths: readonly PathBytes[],
  limit: number = argumentBytesLimit,
): Generator<readonly PathBytes[]> {
  let chunk: PathBytes[] = [];
  let bytes = 0;
  for (const path of paths) {
    const cost = path.length + 1 + pointerBytes;
    if (chunk.length > 0 && bytes + cost > limit) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(path);
    bytes += cost;
  }
  if (chunk.length > 0) yield chunk;
}
