// Ids are opaque to clients. A test that needs one of another time makes it of a real one.

// older is the id as it would have been made so many minutes before: behind a byte that says what
// it is and a hash of six stands the time, in microseconds, seven bits to a byte.
export function older(id, minutes) {
  const bytes = Buffer.from(id, "base64url");
  let [time, at] = [0n, 7];
  for (let shift = 0n; ; shift += 7n, at++) {
    time |= BigInt(bytes[at] & 127) << shift;
    if (bytes[at] < 128) break;
  }
  const changed = [];
  for (let rest = time - BigInt(minutes) * 60_000_000n; ; rest >>= 7n) {
    changed.push(Number(rest & 127n) + (rest > 127n ? 128 : 0));
    if (rest <= 127n) break;
  }
  return Buffer.concat([bytes.subarray(0, 7), Buffer.from(changed), bytes.subarray(at + 1)]).toString("base64url");
}
