import * as fs from 'node:fs';

/**
 * All that the queue asks of the file system, one method a system call, so that tests can make any
 * of them fail. Every method throws node's ErrnoException.
 */
export interface Files {
  /** open(2). */
  open(path: string, flags: number, mode?: number): number;
  close(fd: number): void;
  /** pread(2): bytes read, 0 at the end. */
  read(fd: number, target: Buffer, position: number): number;
  /** pwrite(2): bytes written, which may be fewer than given. */
  write(fd: number, bytes: Buffer, position: number): number;
  truncate(fd: number, length: number): void;
  /** fdatasync(2). */
  sync(fd: number): void;
  /** fdatasync(2) off the event loop. */
  syncLater(fd: number, done: (error: Error | null) => void): void;
  /** fsync(2) of a directory: makes the names in it durable. */
  syncDirectory(path: string): void;
  stat(fd: number): FileFacts;
  /** stat(2), links followed. */
  statPath(path: string): FileFacts;
  list(directory: string): string[];
  makeDirectory(path: string, mode: number): void;
  unlink(path: string): void;
  symlink(target: string, path: string): void;
  readLink(path: string): string;
  realPath(path: string): string;
}

/** The facts about a file that the queue needs. */
export interface FileFacts {
  readonly type: 'file' | 'directory' | 'other';
  readonly size: number;
  readonly uid: number;
  /** Permission bits with set-id and sticky. */
  readonly mode: number;
}

/** The real file system. */
export const realFiles: Files = {
  open: (path, flags, mode) => fs.openSync(path, flags, mode),
  close: (fd) => fs.closeSync(fd),
  read: (fd, target, position) => fs.readSync(fd, target, 0, target.length, position),
  write: (fd, bytes, position) => fs.writeSync(fd, bytes, 0, bytes.length, position),
  truncate: (fd, length) => fs.ftruncateSync(fd, length),
  sync: (fd) => fs.fdatasyncSync(fd),
  syncLater: (fd, done) => fs.fdatasync(fd, done),
  syncDirectory: (path) => {
    const fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
    try {
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  },
  stat: (fd) => factsOf(fs.fstatSync(fd)),
  statPath: (path) => factsOf(fs.statSync(path)),
  list: (directory) => fs.readdirSync(directory),
  makeDirectory: (path, mode) => {
    fs.mkdirSync(path, { mode });
  },
  unlink: (path) => fs.unlinkSync(path),
  symlink: (target, path) => fs.symlinkSync(target, path),
  readLink: (path) => fs.readlinkSync(path),
  realPath: (path) => fs.realpathSync(path),
};

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = fs.constants;

// O_NOFOLLOW and O_NONBLOCK: another user may have put a link or FIFO in the place of our file,
// which must neither lead us elsewhere nor block us.
const careful = O_NOFOLLOW | O_NONBLOCK;

/**
 * Opens one of the queue's own files; `create` makes it (0600) and fails if it is there already.
 */
export function openOwn(files: Files, path: string, how: 'read' | 'write' | 'create'): number {
  const flags = how === 'read' ? O_RDONLY : how === 'write' ? O_RDWR : O_RDWR | O_CREAT | O_EXCL;
  const fd = files.open(path, flags | careful, 0o600);
  if (files.stat(fd).type === 'file') return fd;
  files.close(fd);
  throw Object.assign(new Error(`EINVAL: not a regular file, open '${path}'`), {
    code: 'EINVAL',
    path,
  });
}

/**
 * pwrite(2) until all is written; throws at the first failure, with some bytes possibly written.
 */
export function writeAll(files: Files, fd: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    const written = files.write(fd, bytes.subarray(done), position + done);
    // POSIX lets write(2) return 0 only for empty buffers; a device that does it anyway must not
    // make us loop.
    if (written <= 0) throw Object.assign(new Error('EIO: nothing written'), { code: 'EIO' });
    done += written;
  }
}

/**
 * The errno name of a failed call, such as `ENOSPC`; undefined for anything else that was thrown.
 */
export function errnoOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

function factsOf(stats: fs.Stats): FileFacts {
  const type = stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other';
  return { type, size: stats.size, uid: stats.uid, mode: stats.mode & 0o7777 };
}
