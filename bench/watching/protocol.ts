/** What a tool's process is asked. */
export type Request =
  | { readonly command: 'load' }
  | { readonly command: 'open'; readonly root: string }
  /** The main thread stands still; answered when it goes on, announced with `blocking`. */
  | { readonly command: 'block'; readonly milliseconds: number }
  | { readonly command: 'count' }
  /** What it has reported since it was asked last. */
  | { readonly command: 'take' }
  | { readonly command: 'close' };

export type Report =
  | { readonly kind: 'done' }
  | { readonly kind: 'blocking' }
  | { readonly kind: 'opened'; readonly seconds: number; readonly pid: number }
  | { readonly kind: 'counted'; readonly count: number }
  | Taken
  | { readonly kind: 'failed'; readonly text: string };

export interface Taken {
  readonly kind: 'taken';
  readonly seen: readonly string[];
  /** Reported as "this and all below it". */
  readonly below: readonly string[];
  /** How often it says it has lost events; absent where it can't say so. */
  readonly overflows?: number | undefined;
}
