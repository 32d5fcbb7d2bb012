/**
 * Calls `action` after it was asked for, at most once in `milliseconds`: for views of a state that
 * changes fast.
 */
export function throttle(action: () => void, milliseconds: number): { (): void; cancel(): void } {
  let timer: NodeJS.Timeout | undefined;
  const ask = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      action();
    }, milliseconds).unref();
  };
  return Object.assign(ask, { cancel: () => clearTimeout(timer) });
}
