// The PDF writer, handed to the browser when the first figure is wanted as PDF.
import normal from "@expo-google-fonts/source-sans-3/400Regular/SourceSans3_400Regular.ttf";
import bold from "@expo-google-fonts/source-sans-3/600SemiBold/SourceSans3_600SemiBold.ttf";
import { openDocument } from "../src/figure/pdf_document.js";

window.alignlabPdf = { openDocument: (width, height) => openDocument(width, height, { normal, bold }) };
window.dispatchEvent(new CustomEvent("alignlab:pdf-ready"));

export default function mount() {
  // Nothing to show: arriving is all.
}
