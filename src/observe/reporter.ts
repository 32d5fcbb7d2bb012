import type { Diagnosis } from '../csync2/diagnosis.js';
import { outcomeText } from '../csync2/result.js';
import { InotifyCsyncError } from '../errors.js';
import { display, fromKey, type PathBytes, type PathKey } from '../path-bytes.js';
import type { PushReport } from '../sync/lane.js';
import type { FirstComparison } from '../sync/newcomers.js';
import { rootStateText } from '../sync/root-guard.js';
import type { SchedulerEvents } from '../sync/scheduler.js';
import type { Log } from './log.js';
import { RepeatFilter } from './repeat-filter.js';

/** Turns what happens into log lines: nothing per file above debug, nothing twice. */
export class Reporter implements SchedulerEvents {
  readonly #log: Log;
  readonly #onChange: () => void;
  readonly #repeats = new RepeatFilter();

  /** @param onChange - called when the state may look different to somebody who watches it */
  constructor(log: Log, onChange: () => void = () => {}) {
    this.#log = log;
    this.#onChange = onChange;
  }

  onState = (): void => this.#onChange();

  onChecked: NonNullable<SchedulerEvents['onChecked']> = (batch, report, seconds) => {
    const paths = [...batch.trees, ...batch.files];
    this.#log.debug(
      `checked ${report.checked} paths in ${milliseconds(seconds)} (${report.skipped} needed no check): ${sample(paths)}`,
    );
    for (const socket of report.sockets) {
      if (this.#repeats.passes(`socket ${display(socket)}`)) {
        this.#log.warn(`${display(socket)} is a socket: csync2 cannot transfer it; exclude it in csync2.cfg`);
      }
    }
  };

  onFailedPath: NonNullable<SchedulerEvents['onFailedPath']> = (failed, attempts) => {
    const key = `check ${failed.outcome}`;
    if (!this.#repeats.passes(key)) return;
    this.#log.warn(
      `csync2 cannot check ${display(failed.path)}: ${outcomeText[failed.outcome]} (attempt ${attempts}): ${failed.text}`,
    );
  };

  onRoot: NonNullable<SchedulerEvents['onRoot']> = ({ path, state }) => {
    if (state === 'present') this.#log.info(`${display(path)} is back: it is checked again`);
    else {
      this.#log.error(
        `${display(path)} is ${rootStateText[state]}: nothing below it is checked or sent until it is back`,
      );
    }
  };

  onHeld: NonNullable<SchedulerEvents['onHeld']> = (paths) => {
    this.#log.debug(`held back, because the root is not there: ${sample(paths)}`);
  };

  onFullCheckBegun: NonNullable<SchedulerEvents['onFullCheckBegun']> = (reason) => {
    this.#log.info(`full check begins: ${reason}`);
  };

  onFullCheckEnded: NonNullable<SchedulerEvents['onFullCheckEnded']> = (report) => {
    const found = `${report.found} changed files found`;
    const how = report.complete ? '' : ', incomplete: to be repeated';
    this.#log.info(
      `full check done in ${report.seconds.toFixed(1)} s and ${report.steps} steps: ${found}${how}`,
    );
    for (const failed of report.failed) this.onFailedPath(failed, 1);
  };

  onMissed = (paths: readonly PathKey[]): void => {
    const names = sample(paths.map(fromKey));
    this.#log.warn(
      `the full check found ${paths.length} changes that the watcher had not reported: ${names}`,
    );
  };

  /** A push has ended. */
  onPush = (report: PushReport): void => {
    this.#onChange();
    const { peer, sent, left, seconds, outcome } = report;
    const failing = `push ${peer}`;
    const names = report.names.length > 0 ? `: ${sample(report.names)}` : '';
    if (sent > 0) {
      this.#log.debug(`${peer}: ${sent} files sent in ${milliseconds(seconds)}${names}`);
      if (this.#repeats.ends(failing)) this.#log.info(`${peer} takes files again`);
    }
    if (left === 0) return;
    if (report.diagnosis) this.#reportRefusal(report, report.diagnosis);
    else if (!report.isAboutPeer) this.#log.debug(`${peer}: ${left} files not taken${names}`);
    else if (this.#repeats.passes(failing, outcome)) {
      this.#log.warn(`${peer}: ${left} files not sent: ${outcomeText[outcome]}: ${lastWords(report.text)}`);
    }
  };

  #reportRefusal({ peer, names }: PushReport, { outcome, detail, isTie }: Diagnosis): void {
    const name = sample(names);
    if (!this.#repeats.passes(`refused ${peer} ${name}`, outcome)) return;
    if (isTie) {
      this.#log.warn(
        `${peer}: ${name} has changed on both sides at once: the host whose name comes first wins`,
      );
    } else if (outcome === 'conflict') {
      this.#log.warn(
        `${peer}: ${name} has changed here and on ${peer}: on the host that shall win run \`csync2 -f FILE\`, then \`inotify-csync retry\``,
      );
    } else {
      const more = detail === '' ? '' : `: ${detail}`;
      this.#log.warn(`${peer}: ${name} is not taken: ${outcomeText[outcome]}${more}; tried again rarely`);
    }
  }

  onCompared = (peer: string, comparison: FirstComparison): void => {
    if (comparison.ok) this.#log.info(`${peer} is new: compared with it, ${comparison.owed} files to send`);
    else if (this.#repeats.passes(`compare ${peer}`, comparison.reason)) {
      this.#log.warn(`${peer} is new and cannot be compared with yet: ${comparison.reason}`);
    }
  };

  /** A configuration has been edited into something that can't be used. */
  onRejectedConfig = (error: unknown): void => {
    if (error instanceof InotifyCsyncError) {
      this.#log.error(
        `the new configuration is wrong, the old one stays in force: ${error.message} (${error.hint})`,
      );
    } else this.onError('reading the configuration anew', error);
  };

  onListening = (pid: number): void => {
    this.#log.info(`the csync2 server is listening (pid ${pid})`);
  };

  onEnded = (why: string, restartSeconds: number): void => {
    this.#log.error(`the csync2 server has ended (${why}): started again in ${restartSeconds} s`);
  };

  /** Something went wrong that nobody foresaw; the work goes on. */
  onError = (where: string, error: unknown): void => {
    this.#log.error(`${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  };
}

function milliseconds(seconds: number): string {
  return `${Math.round(seconds * 1000)} ms`;
}

function sample(paths: readonly PathBytes[]): string {
  const shown = paths.slice(0, 5).map(display).join(', ');
  return paths.length > 5 ? `${shown} and ${paths.length - 5} more` : shown;
}

function lastWords(text: string): string {
  return text.trim().split('\n').slice(-4).join(' | ');
}
