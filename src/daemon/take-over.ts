import { activePrefixes } from '../csync2/cfg/index.js';
import { Runner } from '../csync2/run/runner.js';
import type { ManagedServer } from '../csync2/server/server.js';
import { portOf } from '../csync2/server/server-port.js';
import { adoptHalfReceived, type ReceivedFile } from '../csync2/sessions/half-received.js';
import type { Log } from '../observe/log.js';
import { counted } from '../text/counted.js';
import type { HostPlan } from './host-plan.js';

/**
 * Ends the remains of an earlier server, and makes csync2 note the files that its sessions had half
 * received.
 *
 * Throws a PortTakenError if another server is running.
 */
export async function takeOver(
  server: ManagedServer,
  { config, instance }: HostPlan,
  logFile: string,
  log: Log,
): Promise<readonly ReceivedFile[]> {
  await server.claim();
  const runner = new Runner(instance);
  const received = await adoptHalfReceived({
    runner,
    logFile,
    prefixes: activePrefixes(config),
    port: portOf(instance),
  });
  if (received.length > 0)
    log.info(
      `kept ${counted(received.length, 'file')} that a killed session had left; the peers send such files again`,
    );
  return received;
}
