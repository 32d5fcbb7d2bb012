import { typeOf } from '../../csync2/files/check-text.js';
import { decodeName, saidName } from '../../csync2/files/name-encoding.js';
import type { Diagnosis } from '../../csync2/refusals/diagnosis.js';
import { lastWords } from '../../csync2/run/result.js';
import type { PathBytes } from '../../text/path-bytes.js';
import type { AcceptedFile, PushReport } from './lane.js';
import { aboutThePeer, type Pushed } from './pusher.js';
import type { RejectedRows } from './refused/rejected-rows.js';

/** What the reports of a push need besides the push. */
export interface ReportParts {
  readonly peer: string;
  /** The path of a name in the database; undefined if the name has no path on this host. */
  readonly pathOf: (encoded: Buffer) => PathBytes | undefined;
  /** The rejected rows as they were before the push. */
  readonly rejected: RejectedRows;
}

/**
 * Makes the reports of a push: one for the whole push, and one for each file that the peer rejects.
 */
export function reportsOf(pushed: Pushed, { peer, pathOf, rejected }: ReportParts): PushReport[] {
  const { result, outcome, blamed, diagnoses } = pushed;
  const { sent } = outcome;
  const isAboutPeer = aboutThePeer.has(result.outcome);
  const left = isAboutPeer ? outcome.left : blamed;
  const reports: PushReport[] = [];
  // Rows that have settled themselves, or are about to, are not reported.
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
      accepted: acceptedOf(pushed, pathOf),
    });
  }
  for (const row of told) {
    const diagnosis = diagnoses.get(row) as Diagnosis;
    const { outcome: reason, detail: text } = diagnosis;
    const names = [decodeName(row.encoded)];
    const path = rejected.isOnHold(row, diagnosis) ? undefined : pathOf(row.encoded);
    const news = path === undefined ? {} : { rejected: path };
    reports.push({ ...about, sent: 0, left: 1, outcome: reason, text, names, diagnosis, ...news });
  }
  return reports;
}

/** The accepted files, without rows that a refusal settled and files that the peer had already. */
function acceptedOf(
  { diagnoses, endedAt, outcome, transcript }: Pushed,
  pathOf: ReportParts['pathOf'],
): AcceptedFile[] {
  return outcome.sent.flatMap((row) => {
    const name = saidName(row);
    const [attempt, path] = [transcript.attempt(name), pathOf(row.encoded)];
    if (!attempt || !path || diagnoses.has(row) || transcript.isEqual(name)) return [];
    const isRemoval = transcript.deleted.has(name);
    const kind = isRemoval ? 'removal' : (kinds[typeOf(row.seen ?? '')] ?? 'other');
    return [{ path, kind, begunAt: attempt.begunAt, at: attempt.endedAt ?? endedAt }];
  });
}

const namesInReport = 20;
const kinds: Readonly<Record<string, AcceptedFile['kind']>> = {
  reg: 'file',
  dir: 'directory',
  lnk: 'link',
};
