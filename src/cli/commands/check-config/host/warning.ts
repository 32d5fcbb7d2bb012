/**
 * The warnings about this host, outside of csync2.cfg. Each names a property that makes the peers
 * differ or causes needless work.
 */
export const hostWarnings = {
  otherJob: 'another job runs csync2',
  port: "another program uses csync2's port",
  tempdir: "csync2's temporary files lie where they disturb",
  name: 'a name does not resolve',
  key: 'a key can be read by others',
  flavour: 'different builds of csync2',
  certificate: 'TLS will fail',
  clock: 'clocks decide conflicts, and may be wrong',
  limit: 'a limit of inotify is too low',
} as const;
export type HostWarningKind = keyof typeof hostWarnings;

export interface HostWarning {
  readonly kind: HostWarningKind;
  readonly text: string;
  readonly hint: string;
  /** `FILE:LINE`, a file, or empty. */
  readonly place: string;
}
