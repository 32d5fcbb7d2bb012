import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { DatabaseFacts } from './database.js';
import type { HostWarning } from './warning.js';

export interface CertificateFacts {
  /** Peers with which this host talks over TLS. */
  readonly peers: readonly string[];
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly keyExists: boolean;
  /** The subject of our certificate; undefined if no certificate can be read. */
  readonly subject: string | undefined;
  readonly pins: DatabaseFacts['pins'];
}

/**
 * Warns of certificates whose subjects differ. csync2 trusts only its own certificate (conn.c), and
 * GnuTLS accepts a peer's self-signed one in its place only if both have the same subject.
 */
export function certificateWarnings(facts: CertificateFacts): HostWarning[] {
  const { peers, certificateFile, keyFile, keyExists, subject, pins } = facts;
  if (peers.length === 0) return [];
  const who = peers.join(', ');
  if (subject === undefined || !keyExists) {
    const missing = subject === undefined ? certificateFile : keyFile;
    return [
      {
        kind: 'certificate',
        text: `there is no ${missing}, and csync2 is to talk TLS with ${who}`,
        hint: 'make certificate and key, the same on every host, or write `nossl * *;` into csync2.cfg',
        place: missing,
      },
    ];
  }
  return pins
    .filter((pin) => peers.includes(pin.peer) && pin.subject !== subject)
    .map((pin) => ({
      kind: 'certificate',
      text: `the certificate of ${pin.peer} is for "${oneLine(pin.subject)}", ours for "${oneLine(subject)}": GnuTLS refuses it`,
      hint: "give all hosts certificates with one subject, or the same file; then remove the pin from csync2's table x509_cert",
      place: certificateFile,
    }));
}

export function readCertificateFacts(
  systemDirectory: string,
  peers: readonly string[],
  pins: DatabaseFacts['pins'],
): CertificateFacts {
  const certificateFile = `${systemDirectory}/csync2_ssl_cert.pem`;
  const keyFile = `${systemDirectory}/csync2_ssl_key.pem`;
  return {
    peers,
    certificateFile,
    keyFile,
    keyExists: existsSync(keyFile),
    subject: subjectOf(certificateFile),
    pins,
  };
}

function subjectOf(file: string): string | undefined {
  try {
    return new X509Certificate(readFileSync(file)).subject;
  } catch {
    return undefined;
  }
}

function oneLine(subject: string): string {
  return subject.replaceAll('\n', ', ');
}
