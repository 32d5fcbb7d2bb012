/** Exit codes: sysexits(3), and LSB's for `status`. */
export const exitCodes = {
  ok: 0,
  degraded: 1,
  notRunning: 3,
  usage: 64,
  dataFormat: 65,
  noInput: 66,
  unavailable: 69,
  software: 70,
  systemLimit: 71,
  cannotCreate: 73,
  inputOutput: 74,
  temporary: 75,
  noPermission: 77,
  config: 78,
} as const;

/**
 * An error that a person can act on. `code` is stable and for scripts, `message` states the problem
 * in one line, `hint` states the remedy. Any other thrown value is a bug.
 */
export class InotifyCsyncError extends Error {
  readonly code: string;
  readonly exitCode: number;
  readonly hint: string;

  constructor(
    code: string,
    exitCode: number,
    message: string,
    hint: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.exitCode = exitCode;
    this.hint = hint;
  }
}
