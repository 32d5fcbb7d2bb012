/**
 * Makes an answer at most once in so many milliseconds, and returns the last one meanwhile, so that
 * the cost doesn't grow with the number of requests. Errors of `make` are not remembered.
 *
 * @param now - milliseconds of a clock that never goes back
 */
export function remembered<Answer>(
  make: () => Answer,
  milliseconds: number,
  now = () => performance.now(),
): () => Answer {
  let last: { readonly answer: Answer; readonly until: number } | undefined;
  return () => {
    if (last === undefined || now() >= last.until)
      last = { answer: make(), until: now() + milliseconds };
    return last.answer;
  };
}
