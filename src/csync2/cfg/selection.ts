import type { NativeSelection, SelectionRules } from '../../native/selection.js';
import { CsyncConfigError } from './errors.js';
import type { CsyncConfig, Group } from './model.js';
import { createSelection } from './native-selection.js';

/** A prefix that has a path on this host. */
export interface ActivePrefix {
  readonly name: Buffer;
  readonly path: Buffer;
}

/** The groups that this host is a member of. csync2 ignores the patterns of all others. */
export function memberGroups(config: CsyncConfig): readonly Group[] {
  return config.groups.filter((group) => group.myName !== undefined);
}

/**
 * The prefixes that have a path on this host, in the order in which csync2 looks names up. The last
 * in the file comes first, so the later of two with one name counts.
 */
export function activePrefixes(config: CsyncConfig): readonly ActivePrefix[] {
  return config.prefixes.flatMap(({ name, path }) => (path ? [{ name, path }] : [])).reverse();
}

/**
 * The prefixes of `activePrefixes` for whose path `%name%` stands. The others still make csync2
 * enter their parents.
 */
export function firstOfName(prefixes: readonly ActivePrefix[]): readonly ActivePrefix[] {
  return prefixes.filter(
    (prefix) => prefixes.find(({ name }) => name.equals(prefix.name)) === prefix,
  );
}

/**
 * The files that csync2 synchronises with one peer, which are the files of the groups that the peer
 * is in. Throws as {@link selectionOf}.
 */
export function selectionFor(config: CsyncConfig, peer: string): NativeSelection {
  const groups = config.groups.filter(({ hosts }) => hosts.some(({ name }) => name === peer));
  return selectionOf({ ...config, groups });
}

/**
 * The input of the native `Selection`.
 *
 * `compare` patterns count only in csync2's compare mode (`-o`, `-TT`), and as includes.
 * `mode: 'compare'` selects that mode.
 */
export function selectionRules(
  config: CsyncConfig,
  mode: 'check' | 'compare' = 'check',
): SelectionRules {
  const groups = memberGroups(config).map(({ patterns }) => ({
    patterns: patterns
      .filter(({ action }) => mode === 'compare' || action !== 'compare')
      .map(({ text, action }) => ({ text, include: action !== 'exclude' })),
  }));
  return { groups, prefixes: activePrefixes(config) };
}

/**
 * The selection of `config`. Throws CsyncConfigError when it includes more prefixes than a
 * selection can hold.
 */
export function selectionOf(config: CsyncConfig): NativeSelection {
  try {
    return createSelection(selectionRules(config));
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new CsyncConfigError(
      'prefixLimit',
      { file: config.file, line: 1 },
      'the groups of this host include more than 31 prefixes',
      'include plain paths, or split the configuration with csync2 -C NAME',
      { cause },
    );
  }
}
