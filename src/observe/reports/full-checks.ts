import type { FullCheckReport } from '../../sync/full-check/full-check.js';
import { counted } from '../../text/counted.js';
import { fromKey, type PathKey } from '../../text/path-bytes.js';
import type { CheckReports } from './checks.js';
import type { Outlets } from './outlets.js';
import { sample } from './texts.js';

export type FullCheckReports = ReturnType<typeof fullCheckReports>;

/** Reports losses, and the full checks that follow them or are regular. */
export function fullCheckReports(
  { counts, feed, log, recent, troubles }: Outlets,
  { onFailedPath }: Pick<CheckReports, 'onFailedPath'>,
) {
  /** Whether the running full check is another attempt, which is not logged. */
  let isRepeated = false;
  /** Whether changes may have been lost since the full check began. */
  let hasLostSince = false;
  return {
    /** The watcher may have missed changes. A full check is due. */
    onLoss(reason: string): void {
      hasLostSince = true;
      recent.begins('changes-unseen', 'watching', Date.now());
      feed.lost(reason);
      const isLimit = reason.startsWith('the watch limit');
      troubles.say({
        key: 'loss',
        level: 'warn',
        text: `some changes may have gone unnoticed, a full check follows: ${reason}`,
        fields: { event: isLimit ? 'watchLimit' : 'watchLoss', reason },
      });
    },

    onFullCheckBegun(reason: string): void {
      hasLostSince = false;
      feed.fullCheckBegun(reason);
      isRepeated = troubles.goesOn('full check');
      if (isRepeated) log.debug(`full check is tried again: ${reason}`);
      else log.info(`full check begins: ${reason}`, { event: 'fullCheckBegun', reason });
    },

    onFullCheckEnded(report: FullCheckReport, reason: string): void {
      feed.fullCheckEnded(report);
      if (report.complete) counts.fullChecksDone++;
      else counts.fullChecksIncomplete++;
      const fields = { files: report.found, milliseconds: report.seconds * 1000, reason };
      const text = `full check finished in ${report.seconds.toFixed(1)} s: ${counted(report.found, 'change')} found`;
      for (const failed of report.failed) onFailedPath(failed, 1);
      if (!report.complete) {
        const incomplete = `${text}; incomplete, will be repeated`;
        if (isRepeated) log.debug(incomplete);
        troubles.say({
          key: 'full check',
          level: 'warn',
          text: incomplete,
          fields: { ...fields, event: 'fullCheckIncomplete', reason: '' },
        });
        return;
      }
      if (isRepeated) {
        const succeeded = `full check succeeded: ${counted(report.found, 'change')} found`;
        troubles.end('full check', succeeded, { ...fields, event: 'fullCheckDone' });
      } else log.info(text, { ...fields, event: 'fullCheckDone' });
      if (!hasLostSince) {
        recent.ends('watching', Date.now());
        troubles.end('loss', 'full check complete; no changes were lost', {
          event: 'watchLossOver',
        });
      }
    },

    onDetectedLate(paths: readonly PathKey[]): void {
      counts.detectedLate += paths.length;
      const names = sample(paths.map(fromKey));
      log.warn(
        `${counted(paths.length, 'change was', 'changes were')} found only by the full check: ${names}`,
        { event: 'detectedLate', files: paths.length },
      );
    },
  };
}
