import { styleText } from 'node:util';

/** How parts of a text for people are set off. What it says stands in its words as well. */
export interface Style {
  /** As it should be. */
  readonly good: (text: string) => string;
  /** To be watched. */
  readonly warn: (text: string) => string;
  /** Wrong. */
  readonly bad: (text: string) => string;
  /** A heading. */
  readonly strong: (text: string) => string;
}

/** Nothing is set off. */
export const plain: Style = {
  good: asItIs,
  warn: asItIs,
  bad: asItIs,
  strong: asItIs,
};

/** Green, yellow, red and bold: the only sequences of a terminal that texts for people contain. */
export const coloured: Style = {
  good: (text) => styleText('green', text, always),
  warn: (text) => styleText('yellow', text, always),
  bad: (text) => styleText('red', text, always),
  strong: (text) => styleText('bold', text, always),
};

/**
 * Where colour is decided, for all commands: on a terminal, unless `NO_COLOR` is set or `TERM` is
 * `dumb`. `FORCE_COLOR` comes before all of these: 0 or false for no colour, anything else for
 * colour everywhere.
 *
 * @param stream - what is written to
 */
export function styleFor(
  stream: { readonly isTTY?: boolean | undefined },
  environment: Readonly<Record<string, string | undefined>>,
): Style {
  const { FORCE_COLOR: forced, NO_COLOR: forbidden, TERM: terminal } = environment;
  if (forced === '0' || forced === 'false') return plain;
  if (forced !== undefined && forced !== '') return coloured;
  const isForbidden = (forbidden !== undefined && forbidden !== '') || terminal === 'dumb';
  return stream.isTTY === true && !isForbidden ? coloured : plain;
}

function asItIs(text: string): string {
  return text;
}

/** Versions of Node differ in what they make of the stream and the environment. */
const always = { validateStream: false };
