import type { ReadEvent } from '../../../observe/event-ring.js';
import { duration } from '../../../observe/status-line.js';
import { counted } from '../../../text/counted.js';
import { display, fromKey } from '../../../text/path-bytes.js';

/**
 * One event for people, in one line without its end:
 * `21:46:22.914  -> node2  /srv/data/big/3980   44 ms`. Local time.
 */
export function eventLine(event: ReadEvent, now: Date): string {
  const { at, peer } = event;
  const who = peer === undefined ? '' : printable(peer);
  return [clock(new Date(at), now), `${signOf(event)} ${who}`.trimEnd(), whatOf(event)].join('  ');
}

/** One event for scripts. */
export function eventObject(event: ReadEvent): Record<string, unknown> {
  const { at, bytes, event: name, files, kind, ms, peer, reason, state } = event;
  const what =
    bytes === undefined ? {} : hasPath.has(name) ? pathFields(bytes) : { text: textOf(bytes) };
  return {
    at: new Date(at).toISOString(),
    event: name,
    peer,
    ...what,
    kind,
    ms,
    files,
    reason,
    state,
  };
}

/** The line for events that were overwritten before they could be shown. */
export function leftOutLine(count: number): string {
  return `… ${counted(count, 'event')} left out`;
}

/** The same for scripts. */
export function leftOutObject(count: number, now: Date): Record<string, unknown> {
  return { at: now.toISOString(), event: 'left-out', count };
}

function signOf({ event, state }: ReadEvent): string {
  if (event === 'sent') return '->';
  if (event === 'received') return '<-';
  return event === 'full-check' || state === 'back' || state === 'resumed' ? '* ' : '! ';
}

function whatOf(event: ReadEvent): string {
  const text = event.bytes === undefined ? '' : textOf(event.bytes);
  switch (event.event) {
    case 'loss':
      return `changes may have gone unnoticed: ${text}`;
    case 'peer':
      return event.state ?? '';
    case 'full-check':
      return fullCheckText(event, text);
    default:
      return `${pathText(event)}${noteOf(event)}`;
  }
}

function fullCheckText({ files = 0, ms = 0, state }: ReadEvent, reason: string): string {
  if (state === 'begun') return `full check begun: ${reason}`;
  return `full check ${state}: ${counted(files, 'change')} found   ${duration(ms / 1000)}`;
}

function pathText({ bytes, files = 0 }: ReadEvent): string {
  if (bytes === undefined) return counted(files, 'file');
  return display(fromKey(bytes));
}

function noteOf({ event, kind, ms, reason }: ReadEvent): string {
  const notes = [
    kind === undefined ? '' : kindTexts[kind],
    ms === undefined ? '' : duration(ms / 1000),
    event === 'rejected' ? `rejected (${reason})` : '',
    event === 'conflict' ? 'conflict' : '',
  ].filter((note) => note !== '');
  return notes.length === 0 ? '' : `   ${notes.join(', ')}`;
}

/** The path as shown, and its bytes if the shown text differs from them. */
function pathFields(bytes: string): Record<string, string> {
  const raw = fromKey(bytes);
  const path = display(raw);
  return Buffer.from(path).equals(raw) ? { path } : { path, path_base64: raw.toString('base64') };
}

function textOf(bytes: string): string {
  return printable(fromKey(bytes).toString());
}

/** Makes any text printable, because texts that are no paths may contain names. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, (each) => display(Buffer.from(each)));
}

/** The time of day, with the date unless it is the day of `now`. */
function clock(date: Date, now: Date): string {
  const padded = (number: number, digits = 2) => String(number).padStart(digits, '0');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => padded(part))
    .join(':');
  const text = `${time}.${padded(date.getMilliseconds(), 3)}`;
  if (date.toDateString() === now.toDateString()) return text;
  return `${date.getFullYear()}-${padded(date.getMonth() + 1)}-${padded(date.getDate())} ${text}`;
}

const hasPath: ReadonlySet<ReadEvent['event']> = new Set([
  'sent',
  'received',
  'rejected',
  'conflict',
]);
const kindTexts: Readonly<Record<NonNullable<ReadEvent['kind']>, string>> = {
  file: '',
  directory: 'directory',
  link: 'link',
  other: '',
  removal: 'removed',
};
