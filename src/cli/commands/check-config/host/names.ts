import { lookup } from 'node:dns/promises';
import type { Place } from '../../../../csync2/cfg/index.js';
import type { HostWarning } from './warning.js';

export interface NameFacts {
  readonly name: string;
  readonly place: Place | undefined;
  /** This host's own name, to which csync2 binds with `-N`. */
  readonly isOwn: boolean;
  /** Why it does not resolve; undefined: it does. */
  readonly failure: string | undefined;
}

/** A peer is let in only if its name resolves to the address from which it comes (csync2 daemon.c). */
export function nameWarnings(facts: readonly NameFacts[]): HostWarning[] {
  return facts.flatMap(({ name, place, isOwn, failure }) => {
    if (failure === undefined) return [];
    const consequence = isOwn
      ? "csync2's server can't bind to it"
      : 'nothing goes there, and nothing from there is accepted';
    return [
      {
        kind: 'name',
        text: `${name} does not resolve (${failure}): ${consequence}`,
        hint: 'give it an address in /etc/hosts, the same line on every host',
        place: place ? `${place.file}:${place.line}` : '',
      },
    ];
  });
}

/** Resolves all names at once, as csync2 does (getaddrinfo(3)); none takes longer than five seconds. */
export function readNameFacts(names: readonly Omit<NameFacts, 'failure'>[]): Promise<readonly NameFacts[]> {
  return Promise.all(names.map(async (name) => ({ ...name, failure: await failureOf(name.name) })));
}

async function failureOf(name: string): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('no answer within 5 s'), 5000);
  });
  const found = lookup(name, { all: true }).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );
  const failure = await Promise.race([found, late]);
  clearTimeout(timer);
  return failure;
}
