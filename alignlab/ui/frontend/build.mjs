// Bundles src/index.js, its style sheet and regl-scatterplot into the one file that the app hands to the browser.
import { build } from "esbuild";

await build({
  entryPoints: ["src/index.js"],
  outfile: "dist/latent_map.js",
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "inline",
  loader: { ".css": "text" },
  logLevel: "info",
});
