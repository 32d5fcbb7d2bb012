import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RefusalClassifier } from '#src/sync/push/refused/refusal-classifier.js';

const denied = { outcome: 'denied', meaning: 'all' } as const;

describe('a peer that does not take something', () => {
  test('denies a file and has taken nothing for long: it refuses everything', () => {
    const refusal = new RefusalClassifier();
    assert.ok(refusal.isOfPeer(denied, 1_000_000));
    assert.ok(refusal.isPeer);
  });

  test('denies a file and has taken another a moment ago: it is the file', () => {
    const refusal = new RefusalClassifier();
    refusal.isOver(1_000_000);
    assert.ok(!refusal.isOfPeer(denied, 1_010_000));
    assert.ok(!refusal.isPeer);
    assert.ok(refusal.isOfPeer(denied, 1_100_000), 'that was long ago');
  });

  test('has a reason for one file: it would take others', () => {
    const refusal = new RefusalClassifier();
    refusal.isOfPeer(denied, 1_000_000);
    for (const meaning of ['conflict', 'later', 'compare', 'parent-first', 'settled'] as const) {
      assert.ok(!refusal.isOfPeer({ outcome: 'refused', meaning }, 1_000_000));
      assert.ok(!refusal.isPeer);
    }
  });

  test('does not recognise this host: it refuses everything, whatever it has taken', () => {
    const refusal = new RefusalClassifier();
    refusal.isOver(1_000_000);
    assert.ok(refusal.isOfPeer({ outcome: 'unidentified', meaning: 'all' }, 1_000_001));
  });

  test('takes something after it had refused everything', () => {
    const refusal = new RefusalClassifier();
    refusal.isOfPeer(denied, 1_000_000);
    assert.ok(refusal.isOver(1_000_000));
    assert.ok(!refusal.isOver(1_000_000));
    assert.ok(!refusal.isOfPeer(denied, 1_000_001));
  });
});
