// A reporter of Node's test runner that writes what happened as lines of JSON, for run-tests.mjs.
// https://nodejs.org/docs/latest-v20.x/api/test.html#custom-reporters

const types = ['test:dequeue', 'test:complete', 'test:pass', 'test:fail', 'test:diagnostic'];

/** @param {AsyncIterable<import('node:test').TestEvent>} events */
export default async function* recorder(events) {
  for await (const { type, data } of events) {
    if (!types.includes(type)) continue;
    const { name, nesting, message, skip, details } = data;
    const error = details?.error;
    yield `${JSON.stringify({
      ...{ type, name, nesting, message, skip },
      isSuite: details?.type === 'suite',
      failure: error && { kind: error.failureType, text: String(error.cause?.message ?? error.message ?? error) },
    })}\n`;
  }
}
