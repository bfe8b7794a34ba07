// Numbers as a person reads them: three significant digits, a true minus sign, thousands apart, large and small as powers.

const SUPERSCRIPTS = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

export function formatValue(value, digits = 3) {
  if (!Number.isFinite(value)) return "missing";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const sign = value < 0 ? "−" : "";
  if (size >= 1e5 || size < 1e-3) {
    let [mantissa, exponent] = size.toExponential(digits - 1).split("e");
    mantissa = String(Number(mantissa));
    const power = String(Number(exponent)).replace(/[-\d]/g, (c) => SUPERSCRIPTS[c]);
    return `${sign}${mantissa === "1" ? "" : `${mantissa} × `}10${power}`;
  }
  if (size >= 10 ** digits) return sign + formatCount(Math.round(size));
  return sign + String(Number(size.toPrecision(digits)));
}

export function formatCount(n) {
  return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}
