import { join } from 'node:path';
import { askDaemon } from '../observe/control-client.js';
import { type ControlRequest, socketName } from '../observe/control-protocol.js';
import type { CommandContext } from './context.js';
import { type ParsedFlags, settingsOf } from './setting-flags.js';

/** Asks the daemon whose settings the command line gives. Throws what `askDaemon` throws. */
export function askRunning(
  flags: ParsedFlags,
  context: CommandContext,
  request: ControlRequest,
): Promise<unknown> {
  const { settings } = settingsOf(flags, context);
  return askDaemon(join(settings.runtimeDirectory, socketName), request);
}
