import { type Fallback, fallbackText, isLasting } from '../../csync2/check/fallback.js';
import { outcomeText } from '../../csync2/run/result.js';
import type { CheckReport } from '../../sync/check/checker.js';
import type { FailedPath } from '../../sync/check/failed-path.js';
import type { Batch } from '../../sync/common/batch.js';
import type { UnsupportedSummary } from '../../sync/full-check/unsupported-paths.js';
import { counted } from '../../text/counted.js';
import { display, displayShort, type PathBytes, toKey } from '../../text/path-bytes.js';
import { unsupportedText } from '../status-texts.js';
import type { Outlets } from './outlets.js';
import { milliseconds, sample } from './texts.js';

export type CheckReports = ReturnType<typeof checkReports>;

/** Reports checks of changed paths, and paths that can't be checked. */
export function checkReports({ counts, log, troubles }: Outlets) {
  let batches = 0;
  return {
    onChecked(batch: Batch, report: CheckReport, seconds: number): void {
      const paths = [...batch.trees, ...batch.files];
      const fields = { batch: ++batches, files: report.checked, milliseconds: seconds * 1000 };
      log.debug(
        `checked ${counted(report.checked, 'path')} in ${milliseconds(seconds)} (${report.skipped} needed no check): ${sample(paths)}`,
        fields,
      );
      if (report.halfReceived.length > 0) {
        log.debug(
          `may be only partly received, left to their senders for now: ${sample(report.halfReceived)}`,
        );
      }
      for (const path of report.sockets) {
        troubles.sayOfPath(
          'socket',
          {
            key: toKey(path),
            level: 'warn',
            text: `${displayShort(path)} is a socket: csync2 cannot transfer it; exclude it in csync2.cfg`,
            fields: { event: 'fileRejected', path, reason: 'socket' },
          },
          {
            text: 'there are more sockets: csync2 cannot transfer them; exclude them in csync2.cfg',
            fields: {},
          },
        );
      }
    },

    onFailedPath({ path, outcome, text }: FailedPath, attempts: number): void {
      if (outcome === 'unreadable') {
        troubles.say({
          key: 'unreadable',
          level: 'warn',
          text: `${display(path)} cannot be accessed (${text}): skipped, will be retried (attempt ${attempts})`,
          fields: { event: 'pathUnreadable', reason: text, path },
        });
        return;
      }
      troubles.say({
        key: 'check',
        level: 'warn',
        text: `csync2 cannot check ${displayShort(path)}: ${outcomeText[outcome]} (attempt ${attempts}): ${text}`,
        fields: { event: 'checkFailed', reason: outcome, path },
      });
    },

    onNoFailedPath(): void {
      const fields = { event: 'checkFailedOver' } as const;
      troubles.end('check', 'csync2 can check all paths again', fields);
      troubles.end('unreadable', 'all paths can be accessed again', fields);
    },

    /** csync2 can't handle some paths. Logged once, because such paths may stay for ever. */
    onUnsupported(summary: UnsupportedSummary): void {
      const { count, paths } = summary;
      if (count === 0) {
        troubles.end('unsupported', 'all paths are short enough for csync2 again', {
          event: 'pathsUnsupportedOver',
        });
        return;
      }
      troubles.say({
        key: 'unsupported',
        level: 'warn',
        text: unsupportedText({ ...summary, paths: paths.map(displayShort) }),
        fields: { event: 'pathsUnsupported', files: count },
      });
    },

    /** So many paths were checked in our own process. */
    onCheckedHere(count: number): void {
      counts.checkedHere += count;
    },

    /** Said once for each reason that lasts; counted always. */
    onLeftToCsync2(reason: Fallback, count: number): void {
      const isNew = !counts.left.has(reason);
      counts.onLeft(reason, count);
      if (!isNew) return;
      const text = `csync2 checks files although checker is "auto": ${fallbackText[reason]}`;
      log[isLasting(reason) ? 'info' : 'debug'](text, { reason });
    },

    /** A check had taken files for deleted that are only out of sight, or are there again. */
    onRestored(paths: readonly PathBytes[]): void {
      log.info(
        `csync2 wrongly noted ${counted(paths.length, 'file')} as deleted; their entries were restored: ${sample(paths)}`,
        { files: paths.length },
      );
    },
  };
}
