// Pixels: for PNG, and for the points of large figures that are otherwise made of lines.

export const FAMILY = "'Source Sans 3', 'Source Sans', 'Source Sans Pro', 'Helvetica Neue', Arial, sans-serif";
/** Below this radius in pixels a point is a square: nobody sees it, and a million are drawn in time. */
const ROUND_FROM = 1.2;

export class CanvasPen {
  constructor(width, height, scale) {
    this.canvas = document.createElement("canvas");
    [this.canvas.width, this.canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
    this.context = this.canvas.getContext("2d");
    this.context.scale(scale, scale);
    this.context.lineJoin = "round";
    this.scale = scale;
    this.measure = canvasMeasure(this.context);
  }

  rect(x, y, width, height, { fill, stroke, width: line }) {
    if (fill) {
      this.context.fillStyle = fill;
      this.context.fillRect(x, y, width, height);
    }
    if (stroke) {
      [this.context.strokeStyle, this.context.lineWidth] = [stroke, line];
      this.context.strokeRect(x, y, width, height);
    }
  }

  disc(x, y, radius, fill) {
    const { context } = this;
    context.fillStyle = fill;
    if (radius * this.scale < ROUND_FROM) {
      context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
      return;
    }
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  }

  ring(x, y, radius, { stroke, width }) {
    this.stroke(stroke, width, () => this.context.arc(x, y, radius, 0, 2 * Math.PI));
  }

  line(x1, y1, x2, y2, { stroke, width }) {
    this.stroke(stroke, width, () => {
      this.context.moveTo(x1, y1);
      this.context.lineTo(x2, y2);
    });
  }

  polygon(corners, { fill, stroke, width }) {
    this.stroke(stroke, width, () => {
      for (const [x, y] of corners) this.context.lineTo(x, y);
      this.context.closePath();
      this.context.fillStyle = fill;
      this.context.fill();
    });
  }

  text(x, y, runs, { size, anchor = "start", halo }) {
    const { context } = this;
    const widths = runs.map(({ words, bold }) => this.measure(words, size, bold));
    let left = anchor === "middle" ? x - widths.reduce((sum, width) => sum + width, 0) / 2 : x;
    runs.forEach(({ words, bold, colour }, k) => {
      context.font = fontOf(size, bold);
      if (halo) {
        [context.strokeStyle, context.lineWidth] = [halo, 4];
        context.strokeText(words, left, y);
      }
      context.fillStyle = colour;
      context.fillText(words, left, y);
      left += widths[k];
    });
  }

  async within(x, y, width, height, draw) {
    this.context.save();
    this.context.beginPath();
    this.context.rect(x, y, width, height);
    this.context.clip();
    await draw();
    this.context.restore();
  }

  async opacity(value, draw) {
    this.context.globalAlpha = value;
    await draw();
    this.context.globalAlpha = 1;
  }

  stroke(colour, width, path) {
    this.context.beginPath();
    path();
    [this.context.strokeStyle, this.context.lineWidth] = [colour, width];
    this.context.stroke();
  }

  blob() {
    return new Promise((resolve, reject) => {
      const take = (blob) => (blob ? resolve(blob) : reject(new Error("The browser could not make a picture of this size.")));
      this.canvas.toBlob(take, "image/png");
    });
  }
}

/** Measures words with a drawing context. */
export function canvasMeasure(context) {
  return (words, size, bold) => {
    context.font = fontOf(size, bold);
    return context.measureText(words).width;
  };
}

function fontOf(size, bold) {
  return `${bold ? 600 : 400} ${size}px ${FAMILY}`;
}
