/** csync2's selection rules as C++ takes them; see `native/tree/selection.h`. */
export interface SelectionRules {
  readonly groups: readonly { readonly patterns: readonly SelectionPattern[] }[];
  readonly prefixes: readonly { readonly name: Buffer; readonly path: Buffer }[];
}

export interface SelectionPattern {
  readonly text: Buffer;
  readonly include: boolean;
}

export interface NativeSelectionConstructor {
  new (rules: SelectionRules): NativeSelection;
}

export interface NativeSelection {
  /** What csync2 says of one name, real or `%prefix%`: 0 outside, 1 step into, 2 selected. */
  matchName(name: Buffer): 0 | 1 | 2;
  /**
   * What csync2's walk from `/` makes of a real path: 0 never reached, 1 passed through, 2
   * synchronised.
   */
  explain(path: Buffer): 0 | 1 | 2;
}
