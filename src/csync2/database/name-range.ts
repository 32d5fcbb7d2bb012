/**
 * The key range of everything below a name of csync2's database: '/' and '0' are neighbours in
 * ASCII.
 */
export function rangeBelow(encoded: Buffer): { self: Buffer; from: Buffer; to: Buffer } {
  const base = encoded.length === 1 && encoded[0] === slash ? Buffer.alloc(0) : encoded;
  return {
    self: encoded,
    from: Buffer.concat([base, Buffer.from('/')]),
    to: Buffer.concat([base, Buffer.from('0')]),
  };
}

const slash = 0x2f;
