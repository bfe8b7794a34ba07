// Lines and letters as PDF, through jsPDF with an embedded font: text stays text, Greek letters and powers included.

export const FONT = "SourceSans3";

export class PdfPen {
  /** @param {object} document of jsPDF, in points, with `FONT` in "normal" and "bold" */
  constructor(document) {
    this.document = document;
    this.measure = pdfMeasure(document);
    document.setLineJoin("round");
    document.setLineCap("round");
  }

  rect(x, y, width, height, style) {
    this.document.rect(x, y, width, height, this.take(style));
  }

  disc(x, y, radius, fill) {
    this.document.circle(x, y, radius, this.take({ fill }));
  }

  ring(x, y, radius, style) {
    this.document.circle(x, y, radius, this.take(style));
  }

  line(x1, y1, x2, y2, style) {
    this.take(style);
    this.document.line(x1, y1, x2, y2);
  }

  polygon(corners, style) {
    const steps = corners.slice(1).map(([x, y], k) => [x - corners[k][0], y - corners[k][1]]);
    this.document.lines(steps, ...corners[0], [1, 1], this.take(style), true);
  }

  text(x, y, runs, { size, anchor = "start", halo }) {
    const widths = runs.map(({ words, bold }) => this.measure(words, size, bold));
    let left = anchor === "middle" ? x - widths.reduce((sum, width) => sum + width, 0) / 2 : x;
    runs.forEach(({ words, bold, colour }, k) => {
      this.document.setFont(FONT, bold ? "bold" : "normal");
      this.document.setFontSize(size);
      if (halo) {
        this.take({ stroke: halo, width: 4 });
        this.document.text(words, left, y, { renderingMode: "stroke" });
      }
      this.document.setTextColor(colour);
      this.document.text(words, left, y, { renderingMode: "fill" });
      left += widths[k];
    });
  }

  image(x, y, width, height, address) {
    this.document.addImage(address, "PNG", x, y, width, height);
  }

  async within(x, y, width, height, draw) {
    this.document.saveGraphicsState();
    this.document.rect(x, y, width, height, null);
    this.document.clip();
    this.document.discardPath();
    await draw();
    this.document.restoreGraphicsState();
  }

  async opacity(value, draw) {
    this.document.saveGraphicsState();
    this.document.setGState(this.document.GState({ opacity: value, "stroke-opacity": value }));
    await draw();
    this.document.restoreGraphicsState();
  }

  /** Sets colours and line width; gives jsPDF's letter for what to do with the path. */
  take({ fill, stroke, width }) {
    if (fill) this.document.setFillColor(fill);
    if (stroke) {
      this.document.setDrawColor(stroke);
      this.document.setLineWidth(width);
    }
    return (fill ? "F" : "") + (stroke ? "D" : "");
  }

  blob() {
    return this.document.output("blob");
  }
}

/** Measures words with a document's fonts. */
export function pdfMeasure(document) {
  return (words, size, bold) => {
    document.setFont(FONT, bold ? "bold" : "normal");
    document.setFontSize(size);
    return document.getTextWidth(words);
  };
}
