/**
 * Calls `action` after a request, at most once in `milliseconds`. For views of a state that changes
 * fast.
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
