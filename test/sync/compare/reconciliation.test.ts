import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PendingRow } from '#src/csync2/database/pending-table.js';
import { Reconciliation } from '#src/sync/compare/reconciliation.js';

test('what only the peer has below a name is made pending, and nothing that is known here', async () => {
  const { reconciliation, kept, until } = setting({ known: ['/d/known'] });
  reconciliation.request('web2', Buffer.from('/d'));
  await until(1);
  assert.deepEqual(kept(['/d/a', '/d/known', '/d', '/e/a', '/da']), ['/d/a', '/d']);
  await reconciliation.stop();
});

test('nothing is removed where another host wants to have something; when it does no longer, it is', async () => {
  const contested = new Set(['/d']);
  const { reconciliation, kept, until, waiting } = setting({ contested });
  reconciliation.request('web2', Buffer.from('/d'));
  reconciliation.request('web2', Buffer.from('/e'));
  await until(1);
  assert.deepEqual(kept(['/d/a', '/e/a']), ['/e/a']);
  contested.clear();
  // It has been refused once more.
  reconciliation.request('web2', Buffer.from('/d'));
  await until(2);
  assert.deepEqual(kept(['/d/a', '/e/a']), ['/d/a']);
  assert.equal(waiting(), 0);
  await reconciliation.stop();
});

function setting({ contested = new Set<string>(), known = [] as string[] }) {
  const comparisons: ((row: PendingRow) => boolean)[] = [];
  const errors: unknown[] = [];
  const reconciliation = new Reconciliation({
    compare: async (_peer, keep) => comparisons.push(keep),
    isKnown: (encoded) => known.includes(String(encoded)),
    isContested: (_peer, encoded) => contested.has(String(encoded)),
    wake: () => {},
    onError: (error) => errors.push(error),
  });
  const row = (name: string) => ({ encoded: Buffer.from(name) }) as PendingRow;
  return {
    reconciliation,
    kept: (names: readonly string[]) => names.filter((name) => comparisons.at(-1)?.(row(name))),
    async until(count: number) {
      for (let wait = 0; comparisons.length < count && wait < 1000; wait++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assert.equal(comparisons.length, count);
    },
    waiting: () => errors.length,
  };
}
