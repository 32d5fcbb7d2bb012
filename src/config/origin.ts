/** The source of a setting's value, the strongest first. */
export type Origin =
  | { readonly kind: 'flag'; readonly flag: string }
  | { readonly kind: 'variable'; readonly variable: string }
  | { readonly kind: 'file'; readonly file: string; readonly line: number | undefined }
  | { readonly kind: 'default' };

/** An origin for people. */
export function originText(origin: Origin): string {
  switch (origin.kind) {
    case 'flag':
      return origin.flag;
    case 'variable':
      return `$${origin.variable}`;
    case 'file':
      return origin.line === undefined ? origin.file : `${origin.file}:${origin.line}`;
    case 'default':
      return 'default';
  }
}
