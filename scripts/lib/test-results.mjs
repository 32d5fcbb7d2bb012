// What the tests of one file have come to, from what the recorder wrote.

/**
 * @typedef {object} Failure
 * @property {string} file - the source, such as test/sync/common/batch.test.ts
 * @property {string} name - the test, with those that it stands in
 * @property {string} reason - the first line of what it said
 * @property {string} command - repeats it alone
 */

/**
 * Reads the recorder's lines. `ended` tells how the process ended: its exit code, or a text if
 * something ended it.
 *
 * @param {string} source
 * @param {string} compiled
 * @param {string} text
 * @param {string | number} ended
 * @param {string} said - all that it printed
 * @param {boolean} skippedIsFailed - as where nothing may be left out
 * @returns {{ passed: number, skipped: number, failures: Failure[] }}
 */
export function resultsOf(source, compiled, text, ended, said, skippedIsFailed) {
  const results = { passed: 0, skipped: 0, failures: [] };
  const failures = [];
  const begun = [];
  let last;
  for (const event of text.split('\n').filter(Boolean).map(JSON.parse)) {
    if (event.type === 'test:dequeue') begun.push(event.name);
    if (event.type === 'test:complete' && begun.includes(event.name)) begun.splice(begun.lastIndexOf(event.name), 1);
    if (event.type === 'test:dequeue' || event.type === 'test:complete') continue;
    if (event.type === 'test:diagnostic') {
      // A test's diagnostics follow it.
      const seed = seedIn(event.message);
      if (seed && last && event.nesting === last.nesting) last.seed ??= seed;
      continue;
    }
    last = { nesting: event.nesting, name: event.name, seed: seedIn(event.failure?.text) ?? seedIn(event.name) };
    if (event.failure) {
      // Its parts have been told of.
      if (event.failure.kind === 'subtestsFailed') {
        for (const each of failures.filter((one) => one.nesting > event.nesting)) each.parent ??= last;
        continue;
      }
      last.reason = event.failure.text;
      failures.push(last);
    } else if (event.isSuite) {
    } else if (event.skip === undefined) results.passed++;
    else if (skippedIsFailed) failures.push(Object.assign(last, { reason: `skipped: ${event.skip}` }));
    else results.skipped++;
  }
  // 1 is a failed test's, or that of a file that could not be read.
  const isOfTest = ended === 0 || (ended === 1 && failures.length > 0);
  if (!isOfTest) {
    const error = /^\w*Error\b.*$/m.exec(said)?.[0];
    const how = typeof ended === 'number' ? `exit code ${ended}${error ? `: ${error}` : ''}` : ended;
    const reason = begun.length > 0 ? `${how}, in: ${begun.join(': ')}` : how;
    failures.push({ nesting: 0, name: 'the whole file', reason, isFile: true });
  }
  results.failures = failures.map((failure) => ({
    file: source,
    name: failure.name,
    reason: firstLine(failure.reason),
    command: commandOf(compiled, failure),
  }));
  return results;
}

/** A test within another may need what comes before it: then the whole file is run. */
function commandOf(compiled, { name, nesting, isFile, seed, parent }) {
  const known = seed ?? parent?.seed;
  const words = [...(known === undefined ? [] : [`SEED=${known}`]), 'node', '--test'];
  if (nesting === 0 && !isFile) {
    const pattern = `^${name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')}$`;
    words.push(`--test-name-pattern='${pattern.replaceAll("'", "'\\''")}'`);
  }
  return [...words, compiled].join(' ');
}

function seedIn(text) {
  return /\bseeds?\b(?: from)?["']?[=: ]\s*(\d+)/i.exec(text ?? '')?.[1];
}

function firstLine(text) {
  const line = text.trim().split('\n')[0] ?? '';
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
