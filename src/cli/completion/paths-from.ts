/**
 * Completes a path that csync2 synchronises. Returns included directories as long as the word leads
 * to one. From there on the shell itself finds and quotes the existing files. Pure.
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
