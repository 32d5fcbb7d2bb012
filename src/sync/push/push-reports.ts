import { decodeName } from '../../csync2/files/name-encoding.js';
import type { Diagnosis } from '../../csync2/refusals/diagnosis.js';
import { lastWords } from '../../csync2/run/result.js';
import type { PushReport } from './lane.js';
import { aboutThePeer, type Pushed } from './pusher.js';
import type { RejectedRows } from './refused/rejected-rows.js';

/** Makes the reports of a push: one for the whole push, and one for each file that the peer rejects. */
export function reportsOf(
  peer: string,
  { result, outcome, blamed, diagnoses }: Pushed,
  rejected: RejectedRows,
): PushReport[] {
  const { sent } = outcome;
  const isAboutPeer = aboutThePeer.has(result.outcome);
  const left = isAboutPeer ? outcome.left : blamed;
  const reports: PushReport[] = [];
  // Of interest to people is not what has settled itself, or is about to.
  const told = left.filter((row) => {
    const diagnosis = diagnoses.get(row);
    return diagnosis && !rejected.isTriedAgain(row, diagnosis);
  });
  const others = left.filter((row) => !told.includes(row));
  const names = sent.length + left.length <= namesInReport ? [...sent, ...others] : [];
  const about = { peer, isAboutPeer, seconds: result.seconds };
  if (told.length === 0 || sent.length + others.length > 0) {
    reports.push({
      ...about,
      sent: sent.length,
      left: others.length,
      outcome: result.outcome,
      text: lastWords(result.said),
      names: names.map((row) => decodeName(row.encoded)),
      taken: sent.filter((row) => rejected.hasFailed(row)).map((row) => decodeName(row.encoded)),
    });
  }
  for (const row of told) {
    const diagnosis = diagnoses.get(row) as Diagnosis;
    const { outcome: reason, detail: text } = diagnosis;
    const names = [decodeName(row.encoded)];
    reports.push({ ...about, sent: 0, left: 1, outcome: reason, text, names, diagnosis });
  }
  return reports;
}

const namesInReport = 20;
