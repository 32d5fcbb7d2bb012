/**
 * What a word can become that is a path which csync2 synchronises: included directories as long as
 * it leads to one, and from there on the files that are there, which the shell itself finds and
 * quotes. Pure.
 */
export function pathsFrom(
  roots: readonly string[],
  typed: string,
): { readonly paths: readonly string[]; readonly isFiles: boolean } {
  const isWithin = roots.some((root) => typed.startsWith(root === '/' ? root : `${root}/`));
  const isRelative = typed !== '' && !typed.startsWith('/');
  if (isWithin || isRelative || roots.length === 0) return { paths: [], isFiles: true };
  return { paths: roots.filter((root) => root.startsWith(typed)), isFiles: false };
}
