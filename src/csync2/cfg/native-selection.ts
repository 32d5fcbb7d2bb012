import type {
  NativeSelection,
  NativeSelectionConstructor,
  SelectionRules,
} from '../../native/selection.js';
import { loadNative } from '../../native.js';

interface SelectionClass extends NativeSelectionConstructor {
  matchPattern(pattern: Buffer, name: Buffer): boolean;
  matchHost(pattern: Buffer, name: Buffer): boolean;
}

/**
 * Makes csync2's selection over `rules`. Throws a RangeError when include patterns name more than
 * 31 prefixes.
 */
export function createSelection(rules: SelectionRules): NativeSelection {
  return new (selectionClass())(rules);
}

/**
 * Whether one pattern matches `name` (real or `%prefix%`) as csync2 matches patterns of its class.
 */
export function matchPattern(pattern: Buffer, name: Buffer): boolean {
  return selectionClass().matchPattern(pattern, name);
}

/** fnmatch(3) without flags in the "C" locale, as csync2 compares the hosts of `on` and `nossl`. */
export function matchHost(pattern: Buffer, name: Buffer): boolean {
  return selectionClass().matchHost(pattern, name);
}

function selectionClass(): SelectionClass {
  return loadNative().Selection as SelectionClass;
}
