import { closest } from '../../text/closest.js';
import { CsyncConfigError } from './errors.js';
import { keywords, type Token, type TokenKind } from './tokens.js';

export interface Unexpected {
  readonly token: Token;
  /** The token before it. */
  readonly previous: Token | undefined;
  /** The tokens that csync2's grammar allows here, for people. */
  readonly expected: string;
  /** The keywords allowed here. */
  readonly possible: readonly TokenKind[];
}

/**
 * The error for a token that csync2's grammar does not allow, with the likely cause as its hint.
 */
export function syntaxError(unexpected: Unexpected): CsyncConfigError {
  const { token, expected, possible } = unexpected;
  const hint = misspelling(token, possible) ?? glued(unexpected) ?? misplaced(unexpected);
  const list = possible.length > 0 ? ` (${possible.join(', ')})` : '';
  return new CsyncConfigError(
    'syntax',
    token.place,
    `found ${shown(token)} where csync2 expects ${expected}`,
    hint ?? `write ${expected}${list}`,
    { csync2Line: token.csync2Line },
  );
}

function misspelling(token: Token, possible: readonly TokenKind[]): string | undefined {
  if (token.kind !== 'word') return undefined;
  const meant = closest(token.text.toString('latin1'), possible);
  return meant && `did you mean ${meant}?`;
}

// Finds words with braces and colons in them, which csync2 allows and users don't expect.
function glued({ token, previous }: Unexpected): string | undefined {
  for (const { kind, text } of previous ? [previous, token] : [token]) {
    if (kind !== 'word') continue;
    const word = JSON.stringify(text.toString('utf8'));
    if (text.includes('{') || text.includes('}'))
      return `a brace can be part of a name: put blanks around the one in ${word}`;
    if (text.includes(':/'))
      return `a colon can be part of a name: put a blank after the one in ${word}`;
  }
  return undefined;
}

function misplaced({ token, previous, possible }: Unexpected): string | undefined {
  if (token.kind === ';' && previous?.kind === '}') return 'there is no ; after }';
  if (!keywords.some((keyword) => keyword === token.kind)) return undefined;
  if (possible.length > 0)
    return `\`${token.kind}\` cannot stand here: it belongs elsewhere, or a } is missing or too many`;
  return `end the statement before \`${token.kind}\` with ;, or quote "${token.kind}" if it is a name: it is a reserved word`;
}

function shown(token: Token): string {
  if (token.kind === 'end') return 'the end of the file';
  return token.kind === 'word' ? JSON.stringify(token.text.toString('utf8')) : `\`${token.kind}\``;
}
