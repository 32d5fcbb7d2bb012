/**
 * The cost of a path with so many bytes in a check, measured in files with usual paths. A path
 * below hundreds of directories takes csync2, and the kernel, ten times as long.
 */
export function checkCost(pathBytes: number): number {
  return 1 + Math.floor(pathBytes / usualBytes);
}

const usualBytes = 256;
