import { createServer } from 'node:net';
import { exitCodes, InotifyCsyncError } from '../../errors.js';
import { wordsOfProcess } from '../../proc/process.js';
import { sendSignal } from '../../proc/signal.js';
import { holderOf, holdersOf, servesConnection } from '../../proc/sockets.js';
import { type Instance, instanceArguments } from '../run/instance.js';

/**
 * Makes sure that the server's port is free. Sessions of a server that was killed together with us
 * have inherited its listening socket. They get time to end, and are then ended. Files that they
 * were receiving are sent again. The server itself may take a moment to die, and so may a session
 * that has hung up.
 *
 * Throws a {@link PortTakenError} if another program has the port.
 */
export async function claimPort(instance: Instance): Promise<void> {
  const port = portOf(instance);
  const begun = performance.now();
  let foreignSince: number | undefined;
  while (await isTaken(instance)) {
    const holders = holdersOf(port);
    const areLeftOver =
      holders.length > 0 && holders.every((pid) => isLeftOver(pid, port, instance));
    const now = performance.now();
    // A process that is just dying shows nothing. Its connection has vanished, or the process has.
    foreignSince = areLeftOver ? undefined : (foreignSince ?? now);
    const isForeign = foreignSince !== undefined && now - foreignSince > foreignGraceSeconds * 1000;
    const waited = (now - begun) / 1000;
    if (isForeign || waited > sessionGraceSeconds + killSeconds) {
      throw new PortTakenError(port, holderOf(port));
    }
    if (areLeftOver && waited > sessionGraceSeconds)
      for (const pid of holders) sendSignal(pid, 'SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The TCP port of an instance's server. */
export function portOf(instance: Instance): number {
  return Number(instance.port ?? defaultPort);
}

/** Another program uses the port of the csync2 server. */
export class PortTakenError extends InotifyCsyncError {
  constructor(port: number, holder: string) {
    super(
      'ICS_PORT_TAKEN',
      exitCodes.unavailable,
      `TCP port ${port} is taken${holder}`,
      'stop the other server (`systemctl disable --now csync2.socket`, the csync2 line in /etc/inetd.conf, a `csync2 -ii`), or set server = "external" to work beside it',
    );
  }
}

function isTaken(instance: Instance): Promise<boolean> {
  const port = portOf(instance);
  const host = instance.hostNameGiven ? instance.hostName : undefined;
  return new Promise((resolve) => {
    const probe = createServer();
    // csync2 itself explains other errors, such as a name that does not resolve here.
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE'));
    probe.listen({ port, ...(host === undefined ? {} : { host }) }, () =>
      probe.close(() => resolve(false)),
    );
  });
}

/**
 * Whether a process is a left-over session, which is a csync2 server with our arguments that serves
 * a connection. Only sessions do that, the server itself doesn't.
 */
function isLeftOver(pid: number, port: number, instance: Instance): boolean {
  return servesConnection(pid, port) && runsAs(pid, [...instanceArguments(instance), '-ii']);
}

/** Whether a process was started with these arguments, perhaps followed by more. */
function runsAs(pid: number, args: readonly string[]): boolean {
  const words = wordsOfProcess(pid)?.slice(1);
  // The process has just ended.
  if (!words) return true;
  return args.every((word, index) => words[index] === word);
}

const defaultPort = 30865;
/** How long a process that is no session of an earlier server may hold the port. */
const foreignGraceSeconds = 2;
const sessionGraceSeconds = 4;
const killSeconds = 2;
