// Bundles each entry point with what it imports into one file that the app hands to the browser, and lays the typeface
// beside them for documents that Python writes (alignlab/services/interpret_report).
import { copyFileSync, readdirSync } from "node:fs";
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

const typeface = "node_modules/@expo-google-fonts/source-sans-3";
copyFileSync(`${typeface}/400Regular/SourceSans3_400Regular.ttf`, "dist/source-sans-regular.ttf");
copyFileSync(`${typeface}/600SemiBold/SourceSans3_600SemiBold.ttf`, "dist/source-sans-semibold.ttf");
