// The map as a figure for a talk or a paper: PNG, SVG or PDF, with title, legend and caption.
import { CanvasPen, canvasMeasure } from "./canvas_pen.js";
import { RASTER_SCALE, drawFigure } from "./drawing.js";
import { layOut } from "./layout.js";
import { PdfPen, pdfMeasure } from "./pdf_pen.js";
import { SvgPen } from "./svg_pen.js";

export const FORMATS = ["png", "svg", "pdf"];
const PNG_SCALE = 2;
const PATIENCE_MS = 20000;

/**
 * Downloads a picture as a file.
 *
 * @param {"png"|"svg"|"pdf"} format
 * @param {object} picture
 *   maps: [{title, x, y, view: [x0, y0, x1, y1], aspect}], coordinates of all rows and what the camera shows of them;
 *   order: rows in drawing order; colourOf(row): "#rrggbb"; dimmed(row); selected: rows; nameOf(row);
 *   marks: {pick: row|null, neighbours: rows, overlays: [{start, stop, survey}]};
 *   legend: {kind: "variable"|"category", label, unit, palette, ticks: [{at: 0..1, text}], n (with and without a value),
 *   missing, missingName, missingColour, entries: [{name, colour, count}]};
 *   caption; fileStem; theme: {background, text, accent, dark}
 */
export async function exportFigure(format, picture) {
  const blob = await figureBlob(format, picture);
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  [link.href, link.download] = [address, `${picture.fileStem}.${format}`];
  link.click();
  // The download has its own hold on the blob by then.
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

/** The file's content. */
export async function figureBlob(format, picture) {
  const make = { png: makePng, svg: makeSvg, pdf: makePdf }[format];
  if (!make) throw new Error(`There are no figures of format ${format}: choose ${FORMATS.join(", ")}.`);
  const ink = inkOf(picture.theme);
  const shown = { ...picture, faded: picture.selected.length === 0 && picture.order.some((row) => picture.dimmed(row)) };
  return (await make(shown, ink)).blob();
}

async function makePng(picture, ink) {
  const plan = layOut(picture, freeMeasure());
  const pen = new CanvasPen(plan.width, plan.height, PNG_SCALE);
  await drawFigure(pen, picture, plan, ink, null);
  return pen;
}

async function makeSvg(picture, ink) {
  const measure = freeMeasure();
  const plan = layOut(picture, measure);
  const pen = new SvgPen(plan.width, plan.height, measure);
  await drawFigure(pen, picture, plan, ink, rasterise);
  return pen;
}

async function makePdf(picture, ink) {
  const { openDocument } = await pdfWriter();
  return drawPdf(openDocument, picture, ink, rasterise);
}

/** Draws with jsPDF; `openDocument(width, height)` gives an empty document with its fonts. */
export async function drawPdf(openDocument, picture, ink, raster) {
  const plan = layOut(picture, pdfMeasure(openDocument(100, 100)));
  const document = openDocument(plan.width, plan.height);
  document.setProperties({ title: picture.maps.map((map) => map.title).join(", "), subject: picture.caption, creator: "alignlab" });
  const pen = new PdfPen(document);
  await drawFigure(pen, picture, plan, ink, raster);
  return pen;
}

/** Print is black on white; a dark page gives a dark figure. */
export function inkOf({ background, text, accent, dark }) {
  if (dark) return { ground: background, text, accent, quiet: "#aab4c0", frame: "#3a4450" };
  return { ground: "#ffffff", text: "#16202c", accent, quiet: "#55606c", frame: "#c9d0d8" };
}

function freeMeasure() {
  return canvasMeasure(document.createElement("canvas").getContext("2d"));
}

async function rasterise(width, height, draw) {
  const pen = new CanvasPen(width, height, RASTER_SCALE);
  await draw(pen);
  return pen.canvas.toDataURL("image/png");
}

/** The PDF writer, which the server hands over when it is first wanted. */
function pdfWriter() {
  if (window.alignlabPdf) return Promise.resolve(window.alignlabPdf);
  return new Promise((resolve, reject) => {
    const ready = () => {
      clearTimeout(timer);
      resolve(window.alignlabPdf);
    };
    const timer = setTimeout(() => {
      window.removeEventListener("alignlab:pdf-ready", ready);
      reject(new Error("The PDF writer did not arrive within 20 seconds. Try again, or choose PNG or SVG, which need no server."));
    }, PATIENCE_MS);
    window.addEventListener("alignlab:pdf-ready", ready, { once: true });
    window.dispatchEvent(new CustomEvent("alignlab:need-pdf"));
  });
}
