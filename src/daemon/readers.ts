import { parseListenAddress } from '../config/listen-address.js';
import type { Settings } from '../config/settings.js';
import { InotifyCsyncError } from '../errors.js';
import { readersGroup, readRequestBytesLimit } from '../observe/control-protocol.js';
import { ControlServer } from '../observe/control-server.js';
import { exposition, type MetricFamily } from '../observe/exposition.js';
import type { Log } from '../observe/log.js';
import { addressText, MetricsServer } from '../observe/metrics-server.js';
import { remembered } from '../observe/remembered.js';
import { shareDirectory } from '../observe/share-directory.js';
import type { Status } from '../observe/status.js';
import { groupId } from '../proc/group-id.js';
import { readHandler } from './read-handler.js';

/** The inputs for serving readers. */
export interface ReadersParts {
  readonly settings: Pick<Settings, 'metricsListen'>;
  /** The path of the read socket. */
  readonly socket: string;
  readonly group: number | undefined;
  /** Without paths. */
  readonly status: () => Status;
  readonly metrics: () => readonly MetricFamily[];
  readonly log: Log;
  readonly onTrouble: (where: string, error: Error) => void;
}

/**
 * Lets the readers' group into the runtime directory, and returns its number. Returns undefined,
 * and logs the reason, if only root can ask. Call it early, because a client that can't enter the
 * directory can't tell a starting daemon from one that refuses.
 */
export function admitReaders(
  { runtimeDirectory }: Pick<Settings, 'runtimeDirectory'>,
  log: Log,
): number | undefined {
  const group = groupId(readersGroup);
  if (group === undefined) {
    log.info(
      `only root can ask for the status: there is no group ${readersGroup} (systemd-sysusers makes it)`,
    );
    return undefined;
  }
  try {
    shareDirectory(runtimeDirectory, group);
    return group;
  } catch (error) {
    log.info(`only root can ask for the status: ${(error as Error).message}`);
    return undefined;
  }
}

/**
 * Opens what users besides root may read, which is the read socket if there is a group for it, and
 * the metrics if they are enabled. Logs and leaves out what can't be opened, because changes are
 * sent all the same. Resolves to a function that closes both.
 */
export async function openReaders(parts: ReadersParts): Promise<() => Promise<void>> {
  const { group, log, metrics, onTrouble, settings, socket, status } = parts;
  // However many clients ask, the stages are read only a few times a second.
  const families = remembered(metrics, freshMilliseconds);
  const handler = readHandler({ status: remembered(status, freshMilliseconds), metrics: families });
  const servers: { close(): Promise<void> }[] = [];
  const open = async (listen: () => Promise<{ close(): Promise<void> }>, text = '') => {
    try {
      servers.push(await listen());
      if (text !== '') log.info(text);
    } catch (error) {
      if (!(error instanceof InotifyCsyncError)) throw error;
      log.error(`${error.message} (${error.hint})`, { event: 'failed', errorCode: error.code });
    }
  };
  if (group !== undefined) {
    const trouble = (error: Error) => onTrouble('accepting on the read socket', error);
    const access = { group, longestRequest: readRequestBytesLimit };
    await open(() => ControlServer.listen(socket, handler, trouble, access));
  }
  const address = parseListenAddress(settings.metricsListen);
  if (address) {
    const body = remembered(() => Buffer.from(exposition(metrics())), freshMilliseconds);
    const trouble = (error: Error) => onTrouble('accepting for metrics', error);
    const text = `metrics are served at ${addressText(address)}`;
    await open(() => MetricsServer.listen(address, body, group, trouble), text);
  }
  return async () => {
    await Promise.all(servers.map((server) => server.close()));
  };
}

/** Milliseconds for which an answer stays the same. */
const freshMilliseconds = 500;
