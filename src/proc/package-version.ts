import { readFileSync } from 'node:fs';

/** The version of this program, as package.json has it. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  return String((manifest as { version: unknown }).version);
}
