/** What a plot shows, before it is drawn. */
import type { SavedResult } from '../saved/saved-result.js';

export interface Plot {
  /** Of its file, without an ending. */
  readonly name: string;
  /** A heading on the page. */
  readonly title: string;
  /** One sentence for those who do not see it, and for the page. */
  readonly text: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** A table on the page, its head first; undefined for none. */
  readonly table?: readonly (readonly string[])[];
  /** The runs that it is made of. */
  readonly results: readonly SavedResult[];
}

export interface Axis {
  readonly title: string;
  /** `names`: one bar for each name, in place of a line. */
  readonly scale: 'linear' | 'log' | 'names';
}

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
  /** A line of stairs: the value holds until the next point. */
  readonly isStepped?: boolean;
}

export type Point = readonly [number | string, number];
