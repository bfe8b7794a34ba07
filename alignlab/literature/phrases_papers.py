"""Phrases for the simulated papers themselves: titles, and the opening and closing of abstracts."""

from __future__ import annotations

from alignlab.literature.grammar import Phrase, phrases

#: How every simulated abstract ends, so that none can be taken for a real one.
SIMULATED_NOTE = "[This is a simulated paper.]"

#: Titles of papers about one source, by topic; {what} is a class or, when it is not known, a neutral word.
TITLES: dict[str, tuple[Phrase, ...]] = {
    "nature": phrases(
        "[The nature of|Identifying|On the identification of] a(n) {what} [found in X-rays|from an X-ray survey|]",
        "[Optical|Multi-wavelength|Spectroscopic] follow-up of a(n) {what}",
        "A(n) [newly identified|probable|revisited] {what} among serendipitous X-ray sources",
    ),
    "spectrum": phrases(
        "[The X-ray spectrum of|X-ray spectroscopy of|A broad-band X-ray view of] a(n) {what}",
        "[Spectral and timing|X-ray spectral|X-ray timing] properties of a(n) {what}",
        "[Absorption and continuum|Short-term variability|Long-term behaviour] of a(n) {what}",
    ),
    "environment": phrases(
        "[The environment of|The surroundings and origin of|What powers] a(n) {what}",
        "A(n) {what} and its [neighbourhood|host|origin]",
        "[Physical conditions in|Energetics of|Emission mechanisms of] a(n) {what}",
    ),
}
UNKNOWN: tuple[Phrase, ...] = phrases(
    "[unidentified |faint |serendipitous |]X-ray source", "[point-like |]X-ray emitter"
)
FIELD_TITLES: tuple[Phrase, ...] = phrases(
    "[The X-ray source population|X-ray sources|A catalogue of X-ray sources] in a(n) {field}",
    "[A deep X-ray survey|X-ray observations|A census of X-ray sources] in a(n) {field}",
)
OPENINGS: tuple[Phrase, ...] = phrases(
    "We present [an analysis of|new results on|a study of] a(n) {what} [observed with a CCD imager|seen in X-rays|]",
    "X-ray observations of a(n) {what} [between {year_before} and {year}|] are [reported|analysed]",
    "We [re-examine|revisit|investigate] a(n) {what} [with archival data|using new observations|]",
    "Objects of this kind deserve [closer study|attention]; we [add|discuss] a(n) {what}",
)
FIELD_OPENINGS: tuple[Phrase, ...] = phrases(
    "We [present|report] {n_members} X-ray sources [detected|found] in a(n) {field}",
    "A [survey|catalogue] of point sources in a(n) {field} is presented",
)
FIELD_RESULTS: tuple[Phrase, ...] = phrases(
    "[About {percent} per cent|A fraction] of them have [optical|infrared] counterparts",
    "[Background active galaxies|Foreground stars|Unrelated objects] make up [a part|{percent} per cent] of the list",
    "[Hardness ratios|Fluxes|Positions and colours] are [tabulated|given] for all sources",
    "The number counts [agree with earlier work|are discussed]",
)
CLOSINGS: tuple[Phrase, ...] = phrases(
    "[Implications|Prospects for follow-up|Remaining uncertainties] are [briefly |]discussed",
    "[Further|Deeper] observations [are encouraged|would settle the matter]",
    "The [data|tables] are made available",
)
