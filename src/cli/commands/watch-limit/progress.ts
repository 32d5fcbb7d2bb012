/** Prints the progress of counting directories on stderr, once a second after the first. */
export function walkProgress(): {
  readonly onDirectory: (directories: number) => void;
  end(): void;
} {
  const isTerminal = process.stderr.isTTY === true;
  let next = performance.now() + everyMilliseconds;
  let shown = false;
  return {
    onDirectory: (directories) => {
      // Reading the clock costs as much as a directory, so don't read it for each one.
      if (directories % 256 !== 0 || performance.now() < next) return;
      next = performance.now() + everyMilliseconds;
      shown = true;
      const text = `counting directories: ${directories.toLocaleString('en-US')} so far`;
      process.stderr.write(isTerminal ? `\r${text}` : `${text}\n`);
    },
    end: () => {
      if (shown && isTerminal) process.stderr.write('\r\x1b[K');
    },
  };
}

const everyMilliseconds = 1000;
