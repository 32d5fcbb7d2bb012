/**
 * CRC-32C (Castagnoli, RFC 3720 B.4) of a text whose every character is one byte (a latin1 string).
 * Unsigned. Our own because `zlib.crc32` exists only from Node 22 on (and is the other polynomial).
 */
export function crc32c(text: string): number {
  let crc = 0xffffffff;
  for (let at = 0; at < text.length; at += 1) {
    crc = (crc >>> 8) ^ (table[(crc ^ text.charCodeAt(at)) & 0xff] as number);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** The same as eight lower-case hexadecimal digits. */
export function crc32cHex(text: string): string {
  return crc32c(text).toString(16).padStart(8, '0');
}

const reversedPolynomial = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1)
    value = value & 1 ? (value >>> 1) ^ reversedPolynomial : value >>> 1;
  return value;
});
