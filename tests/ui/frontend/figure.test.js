// Figures: what is laid out is drawn, in every format, and words arrive as they were written.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { drawFigure } from "../../../alignlab/ui/frontend/src/figure/drawing.js";
import { drawPdf, inkOf } from "../../../alignlab/ui/frontend/src/figure/figure.js";
import { WIDTH, layOut, placeNames, wrap } from "../../../alignlab/ui/frontend/src/figure/layout.js";
import { openDocument } from "../../../alignlab/ui/frontend/src/figure/pdf_document.js";
import { SvgPen } from "../../../alignlab/ui/frontend/src/figure/svg_pen.js";

const LIGHT = { background: "#fafafa", text: "#101010", accent: "#b3125a", dark: false };
const measure = (words, size) => 0.5 * size * words.length;

/** A disc of points, two of them overlays with names that are hard on XML. */
function picture(n, changes = {}) {
  const x = Float32Array.from({ length: n + 2 }, (_, k) => Math.sqrt(k / n) * Math.cos(2.4 * k));
  const y = Float32Array.from({ length: n + 2 }, (_, k) => Math.sqrt(k / n) * Math.sin(2.4 * k));
  const palette = Array.from({ length: 256 }, (_, k) => `#${k.toString(16).padStart(2, "0")}3080`);
  return {
    maps: [{ title: "both · UMAP", x, y, view: [-1.1, -1.1, 1.1, 1.1], aspect: 1.5 }],
    order: [...x.keys()],
    colourOf: (row) => (row % 7 === 0 ? "#999999" : palette[row % 256]),
    dimmed: () => false,
    selected: [],
    marks: { pick: null, neighbours: [], overlays: [{ start: n, stop: n + 2, survey: "real (observed)" }] },
    nameOf: (row) => ["A<B & \"C\"", "Γ Cas"][row - n] ?? `SIM ${row}`,
    legend: { kind: "variable", label: "N_H (power law)", unit: "×1e20 cm⁻²", palette, ticks: [{ at: 0, text: "≤ 0.3" }, { at: 0.5, text: "20" }, { at: 1, text: "1,400" }], n, missing: 40, missingColour: "#999999", entries: [] },
    caption: "survey demo (simulated) · run paper-7f3a · both · UMAP · n 300 · alignlab 0.1",
    fileStem: "alignlab-demo",
    theme: LIGHT,
    ...changes,
  };
}

async function svg(shown) {
  const plan = layOut(shown, measure);
  const pen = new SvgPen(plan.width, plan.height, measure);
  await drawFigure(pen, shown, plan, inkOf(shown.theme), async () => "data:image/png;base64,AAAA");
  return parse(pen.source());
}

/** A strict reader of XML without a library: every tag closed, every attribute quoted, no stray markup. */
function parse(source) {
  const [elements, open, texts] = [[], [], []];
  const body = source.replace(/^<\?xml[^>]*\?>\s*/, "");
  const token = /<(\/?)([a-zA-Z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
  let match;
  while (token.lastIndex < body.length) {
    match = token.exec(body);
    assert.ok(match, `not XML: ${body.slice(token.lastIndex, token.lastIndex + 60)}`);
    const [, closing, tag, attributes, empty, text] = match;
    if (text !== undefined) {
      assert.ok(!/&(?!(amp|lt|gt|quot);)/.test(text), text);
      if (open.at(-1)?.tag === "tspan") open.at(-2).text += unescape(text);
    } else if (closing) assert.equal(open.pop().tag, tag);
    else {
      const element = { tag, text: "", ...Object.fromEntries([...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, name, value]) => [name, unescape(value)])) };
      elements.push(element);
      if (tag === "text") texts.push(element);
      if (!empty) open.push(element);
    }
  }
  assert.equal(open.length, 0);
  return { elements, words: texts.map((element) => element.text) };
}

function unescape(text) {
  return text.replace(/&(amp|lt|gt|quot);/g, (_, name) => ({ amp: "&", lt: "<", gt: ">", quot: '"' })[name]);
}

const circles = ({ elements }) => elements.filter((element) => element.tag === "circle" && element.fill !== "none");

test("one circle per source in view, one diamond per overlay, words as words", async () => {
  const drawn = await svg(picture(300));
  assert.equal(circles(drawn).length, 300 + 1, "and the grey one of the legend");
  for (const words of ["both · UMAP", "N_H (power law) ×1e20 cm⁻²", "≤ 0.3", "20", "1,400", "missing (n = 40)", "n = 260 of 300", "A<B & \"C\"", "Γ Cas", "real (observed), n = 2"]) {
    assert.ok(drawn.words.includes(words), `${words} is not in ${drawn.words}`);
  }
  assert.equal(drawn.elements.filter((element) => element.tag === "polygon").length, 2 * 3, "two sources and the key");
  assert.ok(drawn.words.join(" ").includes("alignlab 0.1"));
});

test("a zoomed view shows only what is in it", async () => {
  const shown = picture(300);
  const half = { ...shown.maps[0], view: [0, -0.3, 0.6, 0.3], aspect: 1 };
  const expected = shown.order.filter((row) => row < 300 && half.x[row] > 0 && half.x[row] < 0.6 && Math.abs(half.y[row]) < 0.3).length;
  const drawn = circles(await svg({ ...shown, maps: [half] })).length - 1;
  assert.ok(drawn >= expected && drawn < expected + 20, "and those whose rim reaches into it");
});

test("faded below, selected on top and outlined", async () => {
  const selected = [3, 5, 8];
  const drawn = await svg(picture(300, { selected, dimmed: (row) => !selected.includes(row) }));
  const own = circles(drawn).slice(0, 300);
  assert.ok(own.slice(-3).every((circle) => Number(circle.r) > Number(own[0].r)));
  assert.equal(drawn.elements.filter((element) => element.tag === "circle" && element.fill === "none").length, 3);
  assert.equal(own[0].fill, "#e6e6e6", "the first is a grey one, mixed with white");
  assert.ok(drawn.words.includes("3 selected, the others faded"));
});

test("two maps share one legend", async () => {
  const [first] = picture(300).maps;
  const drawn = await svg(picture(300, { maps: [first, { ...first, title: "spectrum · PCA" }] }));
  assert.equal(circles(drawn).length, 601);
  assert.ok(drawn.words.includes("spectrum · PCA"));
  assert.equal(drawn.words.filter((words) => words.startsWith("N_H")).length, 1);
  const panels = layOut(picture(300, { maps: [first, first] }), measure).panels;
  assert.ok(panels[0].x + panels[0].width < panels[1].x && panels[1].x + panels[1].width <= WIDTH);
});

test("classes wrap and have their numbers", async () => {
  const entries = Array.from({ length: 14 }, (_, k) => ({ name: `class number ${k}`, colour: "#123456", count: 1000 + k }));
  const legend = { kind: "category", label: "class", unit: "", palette: [], ticks: [], n: 300, missing: 12, missingColour: "#999999", entries };
  const drawn = await svg(picture(300, { legend }));
  assert.ok(drawn.words.includes("class number 13 1,013"));
  assert.ok(drawn.words.includes("not classified 12"));
  assert.ok(drawn.words.includes("n = 300"));
  assert.ok(new Set(drawn.elements.filter((e) => e.tag === "circle" && e.r === "6.5").map((e) => e.cy)).size > 1);
});

test("more points than a vector drawing bears become one picture under vector text", async () => {
  const drawn = await svg(picture(50_001));
  assert.equal(circles(drawn).length, 1);
  const images = drawn.elements.filter((element) => element.tag === "image");
  assert.equal(images.length, 1);
  assert.ok(drawn.words.includes("N_H (power law) ×1e20 cm⁻²"));
});

test("a pick has rings and lines to its neighbours", async () => {
  const marks = { pick: 4, neighbours: [7, 9], overlays: [] };
  const drawn = await svg(picture(300, { marks }));
  assert.equal(drawn.elements.filter((element) => element.tag === "line" && element.stroke === "#b3125a").length, 2);
  assert.ok(drawn.words.includes("SIM 4 and its neighbours"));
});

test("light figures are on white, dark ones on the page's ground", () => {
  assert.equal(inkOf(LIGHT).ground, "#ffffff");
  assert.equal(inkOf({ ...LIGHT, background: "#0f141a", dark: true }).ground, "#0f141a");
});

test("captions wrap within the room, long words stand alone", () => {
  const width = (words) => words.length;
  assert.deepEqual(wrap("one two three", 7, width), ["one two", "three"]);
  assert.deepEqual(wrap("extraordinarily so", 6, width), ["extraordinarily", "so"]);
  assert.deepEqual(wrap("", 6, width), []);
});

test("names avoid marks, each other and the rim", () => {
  const panel = { x: 0, y: 0, width: 200, height: 100 };
  const marks = [{ name: "right", x: 50, y: 50 }, { name: "left of it", x: 190, y: 50 }, { name: "far too long a name for this panel to hold anywhere", x: 100, y: 20 }];
  const measure6 = (words) => 6 * words.length;
  const placed = placeNames(marks, [], panel, measure6, 14, 8);
  assert.deepEqual(placed.map(({ name }) => name), ["right", "left of it"]);
  assert.ok(placed[0].x > 50 && placed[1].x + 60 < 190);
  const [moved] = placeNames(marks.slice(0, 1), [{ x: 65, y: 50 }], panel, measure6, 14, 8);
  assert.ok(moved.x + 30 < 50, "a ring on its right sends it to the left");
});

/** The words of an uncompressed PDF, through the fonts' own tables from glyphs to characters. */
function pdfWords(bytes) {
  const source = Buffer.from(bytes).toString("latin1");
  const glyphs = [...source.matchAll(/beginbfchar\n([\s\S]*?)endbfchar/g)].map(([, lines]) => new Map([...lines.matchAll(/<(\w+)><(\w+)>/g)].map(([, glyph, code]) => [Number.parseInt(glyph, 16), String.fromCodePoint(Number.parseInt(code, 16))])));
  const shown = [...source.matchAll(/<([0-9a-fA-F]+)> Tj/g)].map(([, hex]) => hex.match(/.{4}/g).map((g) => Number.parseInt(g, 16)));
  return { source, words: shown.flatMap((codes) => glyphs.map((table) => codes.map((code) => table.get(code) ?? "\u0000").join(""))) };
}

test("a PDF has its points and its words, Greek letters and powers too", async () => {
  const folder = new URL("../../../alignlab/ui/frontend/node_modules/@expo-google-fonts/source-sans-3/", import.meta.url);
  const read = (name) => readFileSync(new URL(name, folder)).toString("base64");
  const fonts = { normal: read("400Regular/SourceSans3_400Regular.ttf"), bold: read("600SemiBold/SourceSans3_600SemiBold.ttf") };
  const shown = picture(300);
  const pen = await drawPdf((width, height) => openDocument(width, height, fonts, false), shown, inkOf(LIGHT), null);
  const bytes = new Uint8Array(pen.document.output("arraybuffer"));
  const { source, words } = pdfWords(bytes);
  assert.ok(source.startsWith("%PDF-"));
  for (const wanted of ["both · UMAP", "N_H (power law)", " ×1e20 cm⁻²", "≤ 0.3", "missing (n = 40)", "Γ Cas", "A<B & \"C\""]) {
    assert.ok(words.includes(wanted), `${wanted} is not in the file`);
  }
  const discs = source.match(/(^[-\d. ]+ c\s+){4}f$/gm);
  assert.equal(discs.length, 301);
});
