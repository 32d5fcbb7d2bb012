import { isIPv4 } from 'node:net';
import { exitCodes, InotifyCsyncError } from '../errors.js';

/** The address at which the daemon serves metrics. */
export type ListenAddress =
  | { readonly kind: 'port'; readonly host: string; readonly port: number }
  | { readonly kind: 'socket'; readonly path: string };

/**
 * Reads a `metrics_listen`, which is `127.0.0.1:9823`, `[::1]:9823`, the absolute path of a unix
 * socket, or `off`, which gives undefined. Names are not resolved, because an attacker who controls
 * a name could move the listener to another network.
 *
 * Throws a {@link ListenAddressError}, also for an address that other hosts can reach.
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  if (text === 'off') return undefined;
  if (text.startsWith('/')) {
    if (text.includes('\0') || text.endsWith('/') || Buffer.byteLength(text) > longestSocketPath) {
      throw new ListenAddressError(
        text,
        `is no path of a socket (${longestSocketPath} bytes at most)`,
      );
    }
    return { kind: 'socket', path: text };
  }
  const [, six, four, digits] = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text) ?? [];
  const host = six ?? four;
  const port = Number(digits);
  if (host === undefined || !(port >= 1 && port <= 65_535)) {
    throw new ListenAddressError(text, 'is no address with a port');
  }
  const isLoopback = six === undefined ? isIPv4(host) && host.startsWith('127.') : host === '::1';
  if (!isLoopback)
    throw new ListenAddressError(text, 'is not a loopback address: other hosts could reach it');
  return { kind: 'port', host, port };
}

/** The address is invalid or forbidden. */
export class ListenAddressError extends InotifyCsyncError {
  constructor(text: string, why: string) {
    super(
      'ICS_LISTEN_ADDRESS',
      exitCodes.config,
      `${JSON.stringify(text)} ${why}`,
      'give 127.0.0.1:PORT, [::1]:PORT, the absolute path of a socket, or off; for other hosts see docs/monitoring',
    );
  }
}

/** Bytes of `sun_path`, without its final NUL (unix(7)). */
const longestSocketPath = 107;
