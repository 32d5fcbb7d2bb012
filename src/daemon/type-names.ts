/** The names of csync2's file types for people. */
export const typeNames: Readonly<Record<string, string>> = {
  ...{ reg: 'file', dir: 'directory', lnk: 'link', fifo: 'pipe' },
  ...{ chr: 'character device', blk: 'block device', sock: 'socket' },
};
