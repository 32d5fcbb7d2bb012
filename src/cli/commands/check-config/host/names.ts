import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Place } from '../../../../csync2/cfg/index.js';
import type { HostWarning } from './warning.js';

export interface NameFacts {
  readonly name: string;
  readonly place: Place | undefined;
  /** This host's own name, to which csync2 binds with `-N`. */
  readonly isOwn: boolean;
  /** Why the name does not resolve; undefined if it does. */
  readonly failure: string | undefined;
  readonly addresses: readonly string[];
}

/**
 * Warns of names that don't resolve. csync2's server accepts a peer only if the peer's name
 * resolves to the address from which it connects (csync2 daemon.c).
 */
export function nameWarnings(facts: readonly NameFacts[]): HostWarning[] {
  // In a cluster on one machine all addresses are local, and each host has a name of its own.
  const isOneMachine =
    facts.some(({ isOwn }) => isOwn) && facts.every(({ addresses }) => addresses.every(isLoopback));
  return facts.flatMap(({ name, place, isOwn, failure, addresses }) => {
    const where = place ? `${place.file}:${place.line}` : '';
    if (failure !== undefined) {
      const consequence = isOwn
        ? "csync2's server can't bind to it"
        : 'nothing goes there, and nothing from there is accepted';
      return [
        {
          kind: 'name',
          text: `${name} does not resolve (${failure}): ${consequence}`,
          hint: 'give it an address in /etc/hosts, the same line on every host',
          place: where,
        },
      ];
    }
    if (isOneMachine || isIP(name) !== 0 || !addresses.every(isLoopback)) return [];
    const consequence = isOwn
      ? "csync2's server binds to that, where no peer can reach it"
      : 'that is this host itself, not the peer';
    return [
      {
        kind: 'name',
        text: `${name} resolves to ${addresses.join(', ')}: ${consequence}`,
        hint: 'give it the address that its peers know in /etc/hosts, in place of that line',
        place: where,
      },
    ];
  });
}

/**
 * Resolves all names at once, as csync2 does (getaddrinfo(3)); none takes longer than five seconds.
 */
export function readNameFacts(
  names: readonly Omit<NameFacts, 'failure' | 'addresses'>[],
): Promise<readonly NameFacts[]> {
  return Promise.all(names.map(async (name) => ({ ...name, ...(await resolved(name.name)) })));
}

async function resolved(name: string): Promise<Pick<NameFacts, 'failure' | 'addresses'>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Pick<NameFacts, 'failure' | 'addresses'>>((resolve) => {
    timer = setTimeout(() => resolve({ failure: 'no answer within 5 s', addresses: [] }), 5000);
  });
  const found = lookup(name, { all: true }).then(
    (all) => ({ failure: undefined, addresses: all.map(({ address }) => address) }),
    ({ code, message }: NodeJS.ErrnoException) => ({
      failure: failureTexts[code ?? ''] ?? code ?? message,
      addresses: [],
    }),
  );
  const facts = await Promise.race([found, late]);
  clearTimeout(timer);
  return facts;
}

const failureTexts: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'not in /etc/hosts, and no name server answers',
};

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
