import { InotifyCsyncError } from '../../errors.js';
import { eventOfError } from '../message-ids.js';
import type { Outlets } from './outlets.js';

export type ServiceReports = ReturnType<typeof serviceReports>;

/** Reports what concerns the whole service: shortages, its configuration, unforeseen errors. */
export function serviceReports({ log, troubles }: Outlets) {
  /** Something went wrong that nobody foresaw; the work goes on. */
  function onError(where: string, error: unknown): void {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const reason = error instanceof Error ? error.message : what;
    const code = error instanceof InotifyCsyncError ? error.code : undefined;
    troubles.say({
      key: `error ${where}`,
      level: 'error',
      text: `${where}: ${what}`,
      fields: { event: 'failed', reason, errorCode: code },
    });
  }

  return {
    onError,

    /** The system is short of something; what failed is tried again. */
    onShortage(error: unknown): void {
      const text = `out of file descriptors, memory or processes; retrying: ${error instanceof Error ? error.message : error}`;
      troubles.say({ key: 'shortage', level: 'warn', text, fields: { event: 'shortage' } });
    },

    onEnough(): void {
      troubles.end('shortage', 'enough file descriptors, memory and processes again', {
        event: 'shortageOver',
      });
    },

    /** A configuration was edited and can't be used. */
    onRejectedConfig(error: unknown): void {
      if (!(error instanceof InotifyCsyncError)) {
        onError('reloading the configuration', error);
        return;
      }
      const { code, hint, message } = error;
      const event = eventOfError(error) === 'watchLimit' ? 'watchLimit' : 'configRejected';
      log.error(
        `the new configuration is invalid and ignored, the previous one stays in use: ${message} (${hint})`,
        { event, errorCode: code },
      );
    },
  };
}
