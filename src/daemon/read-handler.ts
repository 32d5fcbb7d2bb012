import { exitCodes, InotifyCsyncError } from '../errors.js';
import type { ControlHandler } from '../observe/control-server.js';

/** The answers for readers. */
export interface Readable {
  /** Without paths. */
  readonly status: () => unknown;
  readonly metrics: () => unknown;
}

/** Answers the read socket's requests, which only show something and change nothing. */
export function readHandler({ status, metrics }: Readable): ControlHandler {
  return ({ command }) => {
    switch (command) {
      case 'status':
        return status();
      case 'metrics':
        return metrics();
      default:
        throw new ReadOnlyError(command);
    }
  };
}

/** The read socket refuses a request. */
export class ReadOnlyError extends InotifyCsyncError {
  constructor(command: string) {
    super(
      'ICS_READ_ONLY',
      exitCodes.noPermission,
      `${command} is for root only`,
      'run this as root',
    );
  }
}
