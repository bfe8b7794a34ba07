// An empty PDF page with the app's font in it.
import { jsPDF } from "jspdf";
import { FONT } from "./pdf_pen.js";

/**
 * @param {number} width in the figure's units, one point each
 * @param {number} height
 * @param {{normal: string, bold: string}} fonts TrueType files in base64
 * @param {boolean} compress
 */
export function openDocument(width, height, fonts, compress = true) {
  const document = new jsPDF({ unit: "pt", format: [width, height], orientation: width > height ? "landscape" : "portrait", compress, putOnlyUsedFonts: true });
  for (const [style, file] of Object.entries(fonts)) {
    document.addFileToVFS(`${FONT}-${style}.ttf`, file);
    document.addFont(`${FONT}-${style}.ttf`, FONT, style);
  }
  return document;
}
