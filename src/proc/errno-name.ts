import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';

/**
 * The name of an errno, such as `EIO`. Node itself knows only the names that libuv uses, without
 * ESTALE, for example.
 */
export function errnoName(errno: number): string {
  return names.get(errno) ?? getSystemErrorName(-errno);
}

/** The first of several names is the usual one. */
const names = new Map(
  Object.entries(constants.errno)
    .map(([name, errno]) => [errno, name] as const)
    .reverse(),
);
