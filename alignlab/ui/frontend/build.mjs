// Bundles each entry point with what it imports into one file that the app hands to the browser.
import { readdirSync } from "node:fs";
import { build } from "esbuild";

await build({
  entryPoints: readdirSync("entries").map((name) => `entries/${name}`),
  outdir: "dist",
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "inline",
  loader: { ".css": "text", ".ttf": "base64" },
  // What jsPDF would fetch to print a page's HTML, which nobody asks of it.
  external: ["html2canvas", "canvg", "dompurify"],
  logLevel: "info",
});
