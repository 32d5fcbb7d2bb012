/**
 * Describes the allowed values of a setting without the library that checks them, because most
 * commands need only the description.
 */
export type Shape =
  | { readonly kind: 'number' | 'whole'; readonly min: number; readonly max: number }
  | { readonly kind: 'yesOrNo' }
  /** `accepts` may throw an InotifyCsyncError that explains more than `false`. */
  | { readonly kind: 'text'; readonly accepts: (text: string) => boolean }
  | { readonly kind: 'choice'; readonly values: readonly string[] }
  | { readonly kind: 'texts' };

/** The type of the values of a shape. */
export type ValueOf<S extends Shape> = S extends { readonly kind: 'number' | 'whole' }
  ? number
  : S extends { readonly kind: 'yesOrNo' }
    ? boolean
    : S extends { readonly kind: 'choice'; readonly values: readonly (infer Value)[] }
      ? Value
      : S extends { readonly kind: 'texts' }
        ? readonly string[]
        : string;
