// Sixteen-bit codes of a variable and what can be read off them without the true values.
//
// value = softening * sinh(low + code * (high - low) / 65534); code 65535 is a missing value.
// The map is monotonic, so ranks and quantiles of the codes are those of the values.

export const MISSING = 65535;
export const TOP = 65534;

/** True value of one code, to about four significant digits. */
export function decode(code, variable) {
  if (code === MISSING) return NaN;
  return variable.softening * Math.sinh(variable.low + (code * (variable.high - variable.low)) / TOP);
}

/** Counts of each code among the first `n` rows, and the number of rows that have a value. */
export function histogram(codes, n) {
  const counts = new Uint32Array(MISSING + 1);
  for (let i = 0; i < n; i += 1) counts[codes[i]] += 1;
  return { counts, missing: counts[MISSING], valid: n - counts[MISSING] };
}

/** Smallest value that at least a fraction `p` of the rows (within [from, to] in codes) do not exceed. */
export function quantile(hist, variable, p, from = 0, to = TOP) {
  let total = 0;
  for (let c = from; c <= to; c += 1) total += hist.counts[c];
  if (total === 0) return NaN;
  const wanted = Math.max(1, Math.ceil(p * total));
  let seen = 0;
  for (let c = from; c <= to; c += 1) {
    seen += hist.counts[c];
    if (seen >= wanted) return decode(c, variable);
  }
  return decode(to, variable);
}

/** First code whose value is above zero (TOP + 1 when there is none). */
export function firstPositiveCode(variable) {
  if (variable.low > 0) return 0;
  const span = variable.high - variable.low;
  if (span <= 0) return TOP + 1;
  return Math.min(TOP + 1, Math.floor((-variable.low / span) * TOP) + 1);
}
