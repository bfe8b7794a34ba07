// The colours of the page around the map, read from the custom properties that Streamlit sets.

export function readTheme(node) {
  const style = getComputedStyle(node);
  const read = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  const background = read("--st-background-color", "#ffffff");
  return {
    background,
    text: read("--st-text-color", "#16202c"),
    accent: read("--st-primary-color", "#b3125a"),
    surface: read("--st-secondary-background-color", "#f3f5f8"),
    dark: luminance(background) < 0.4,
  };
}

/** "#rrggbb", "#rgb" or "rgb(r, g, b)" to three numbers in 0-1. */
export function toRgb(colour) {
  if (colour.startsWith("#")) {
    const hex = colour.length === 4 ? [...colour.slice(1)].map((c) => c + c).join("") : colour.slice(1, 7);
    return [0, 2, 4].map((i) => Number.parseInt(hex.slice(i, i + 2), 16) / 255);
  }
  return (colour.match(/[\d.]+/g) ?? [255, 255, 255]).slice(0, 3).map((v) => Number(v) / 255);
}

/** `share` of one colour (numbers in 0-1) and the rest of the other. */
export function mix(colour, other, share) {
  return colour.map((c, k) => share * c + (1 - share) * other[k]);
}

/** Three numbers in 0-1 to "#rrggbb". */
export function toHex(rgb) {
  return `#${rgb.map((v) => Math.round(255 * v).toString(16).padStart(2, "0")).join("")}`;
}

function luminance(colour) {
  const [r, g, b] = toRgb(colour);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
