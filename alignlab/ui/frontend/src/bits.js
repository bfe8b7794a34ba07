// Masks (one byte per row, 0 or 1) and their short form for the journey: bit i of byte b is row 8 b + i, as base64.

/** The mask as a base64 bitset; empty where nothing is set. */
export function packBits(mask) {
  const bytes = new Uint8Array(Math.ceil(mask.length / 8));
  let any = 0;
  for (let i = 0; i < mask.length; i += 1) {
    bytes[i >> 3] |= mask[i] << (i & 7);
    any |= mask[i];
  }
  if (!any) return "";
  let binary = "";
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(binary);
}

/** The mask of `n` rows that a base64 bitset stands for. */
export function unpackBits(text, n) {
  const mask = new Uint8Array(n);
  const binary = atob(text);
  const stop = Math.min(n, 8 * binary.length);
  for (let i = 0; i < stop; i += 1) mask[i] = (binary.charCodeAt(i >> 3) >> (i & 7)) & 1;
  return mask;
}

export function countSet(mask) {
  let count = 0;
  for (let i = 0; i < mask.length; i += 1) count += mask[i];
  return count;
}
