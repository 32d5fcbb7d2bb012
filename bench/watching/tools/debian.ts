import { join } from 'node:path';

/** The environment in which a program finds libraries that were unpacked beside it. */
export function debianEnvironment(installed: string): NodeJS.ProcessEnv {
  const triplet =
    { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[process.arch as string] ??
    'x86_64-linux-gnu';
  const places = ['usr/lib', 'lib'].map((place) => join(installed, place, triplet));
  return { ...process.env, LD_LIBRARY_PATH: places.join(':') };
}
