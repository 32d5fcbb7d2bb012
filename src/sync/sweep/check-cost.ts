/**
 * What a path of so many bytes costs in a check, in files with usual paths: one with hundreds of
 * directories above it takes csync2, and the kernel, ten times as long.
 */
export function checkCost(pathBytes: number): number {
  return 1 + Math.floor(pathBytes / usualBytes);
}

const usualBytes = 256;
