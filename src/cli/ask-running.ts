import { readFileSync } from 'node:fs';
import { parseCsync2Options } from '../config/csync2-options.js';
import { runtimeDirectory } from '../config/runtime-directory.js';
import { askDaemon, DeniedError, NotRunningError } from '../observe/control-client.js';
import { type ControlRequest, readersGroup, readRequests } from '../observe/control-protocol.js';
import { groupId } from '../proc/group-id.js';
import { controlSocket, readSocket } from '../state/run-files.js';
import type { CommandContext } from './context.js';
import { type ParsedFlags, settingTexts } from './setting-flags.js';

/**
 * Asks the daemon whose runtime directory the command line, the environment or the settings file
 * gives. Errors elsewhere in the settings don't prevent that. Requests that only read use the read
 * socket if this user may not open the control socket. `seconds`: see `askDaemon`. Throws what
 * `runtimeDirectory` and `askDaemon` throw.
 */
export async function askRunning(
  flags: ParsedFlags,
  context: CommandContext,
  request: ControlRequest,
  seconds?: number,
): Promise<unknown> {
  // csync2's options don't name the socket, but may be wrong.
  parseCsync2Options(context.csync2Arguments);
  const directory = runtimeDirectory({
    ...settingTexts(flags),
    environment: context.environment,
    readFile: (path) => readFileSync(path, 'utf8'),
  });
  try {
    return await askDaemon(controlSocket(directory), request, seconds);
  } catch (error) {
    if (!(error instanceof DeniedError) || !readRequests.has(request.command)) throw error;
    return await askAsReader(readSocket(directory), request, seconds);
  }
}

async function askAsReader(
  path: string,
  request: ControlRequest,
  seconds?: number,
): Promise<unknown> {
  try {
    return await askDaemon(path, request, seconds);
  } catch (error) {
    // The control socket exists, so a daemon runs, or has run, without a read socket.
    const isMissing = error instanceof NotRunningError && isAbsence(error.cause);
    if (!(error instanceof DeniedError) && !isMissing) throw error;
    const mayJoin = !isMissing && groupId(readersGroup) !== undefined;
    throw new DeniedError(path, mayJoin ? joinHint : makeHint, { cause: error });
  }
}

function isAbsence(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}

const joinHint = `run this as root, or join the group ${readersGroup}: usermod -aG ${readersGroup} USER, then log in again`;
const makeHint = `run this as root, or have the group ${readersGroup} made (systemd-sysusers) and restart the service`;
