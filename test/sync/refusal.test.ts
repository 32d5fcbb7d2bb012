import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Diagnosis } from '#src/csync2/diagnosis.js';
import { Refusal } from '#src/sync/refusal.js';

const denied: Diagnosis = { outcome: 'denied', detail: '', isTie: false };

describe('a peer that does not take something', () => {
  test('denies a file and has taken nothing for long: it refuses everything', () => {
    const refusal = new Refusal();
    assert.ok(refusal.isOfPeer(1, denied, 1_000_000));
    assert.ok(refusal.isPeer);
  });

  test('denies a file and has taken another a moment ago: it is the file', () => {
    const refusal = new Refusal();
    refusal.isOver(1_000_000);
    assert.ok(!refusal.isOfPeer(1, denied, 1_010_000));
    assert.ok(!refusal.isPeer);
    for (let time = 0; time < 100; time++) refusal.isOfPeer(1, undefined, 1_010_000);
    assert.ok(!refusal.isPeer, 'however many they are');
    assert.ok(refusal.isOfPeer(1, denied, 1_100_000), 'that was long ago');
  });

  test('takes something after it had refused everything', () => {
    const refusal = new Refusal();
    refusal.isOfPeer(1, denied, 1_000_000);
    assert.ok(refusal.isOver(1_000_000));
    assert.ok(!refusal.isOver(1_000_000));
    assert.ok(!refusal.isOfPeer(1, denied, 1_000_001));
  });
});
