/** The line of the log that tells where the milliseconds of one change have gone. */
import { type Stage, stages, type Timeline } from '../sync/common/timeline.js';
import { display } from '../text/path-bytes.js';

/**
 * The line, and the milliseconds in all: the sum of what it shows of the stages.
 *
 * @param origin - the beginning of the timeline's clock, milliseconds since 1970
 */
export function timelineText(
  peer: string,
  timeline: Timeline,
  origin = performance.timeOrigin,
): { readonly text: string; readonly milliseconds: number } {
  const parts = timeline.spent.map(([stage, spent]) => ({ stage, hundredths: round(spent) }));
  const sum = parts.reduce((total, { hundredths }) => total + hundredths, 0);
  const words = parts.map(({ stage, hundredths }) => `${stage} ${shown(hundredths)}`).join(', ');
  const from = timeText(origin + timeline.began);
  const what = `${peer} accepted ${display(timeline.path)}`;
  const text = `timeline: ${shown(sum)} ms from ${from} until ${what}: ${words}`;
  return { text, milliseconds: sum / 100 };
}

/** What such a line tells. */
export interface ToldTimeline {
  readonly peer: string;
  /** As it is shown. */
  readonly path: string;
  /** When the file was changed, milliseconds since 1970. */
  readonly began: number;
  readonly total: number;
  readonly spent: ReadonlyMap<Stage, number>;
}

/** Reads a line of the log; undefined if it tells of something else. */
export function parseTimeline(line: string): ToldTimeline | undefined {
  const [, total, from = '', parts, peer = '', path = '', words = ''] = form.exec(line) ?? [];
  if (total === undefined) return undefined;
  const spent = new Map<Stage, number>();
  for (const word of words.split(', ')) {
    const end = word.lastIndexOf(' ');
    const stage = stages.find((each) => each === word.slice(0, end));
    if (stage) spent.set(stage, Number(word.slice(end + 1)));
  }
  const began = Date.parse(`${from}Z`) + Number(parts) / 100;
  return { peer, path, began, total: Number(total), spent };
}

const form =
  /timeline: ([\d.]+) ms from (\S{23})(\d\d)Z until (\S+) accepted (.*): ([a-z ]+ [\d.]+(?:, [a-z ]+ [\d.]+)*)$/s;

/** To the hundredth of a millisecond. */
function timeText(time: number): string {
  const whole = Math.floor(time);
  const parts = Math.floor((time - whole) * 100);
  return `${new Date(whole).toISOString().slice(0, -1)}${String(parts).padStart(2, '0')}Z`;
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 100);
}

function shown(hundredths: number): string {
  return (hundredths / 100).toFixed(2);
}
