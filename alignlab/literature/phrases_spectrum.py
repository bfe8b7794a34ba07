"""Phrases about the X-ray spectrum: continuum, absorption, lines, further components, hardness and brightness.

Words are graded: each tuple runs along the levels whose edges stand beside it.
"""

from __future__ import annotations

from alignlab.literature.grammar import Phrase, phrases

#: Photon index Γ between the graded words.
PHOTON_INDEX_EDGES = (1.0, 1.45, 1.72, 1.98, 2.3, 2.7)
PHOTON_INDEX_WORDS: tuple[Phrase, ...] = phrases(
    "[very hard|inverted or very flat|unusually hard]",
    "[hard|flat|rather hard]",
    "[moderately hard|fairly flat|slightly harder than usual]",
    "[canonical|typical|ordinary]",
    "[moderately steep|slightly soft|somewhat steep]",
    "[steep|soft|relatively soft]",
    "[very steep|very soft|extremely steep]",
)
#: Temperature in keV of an optically thin plasma between the graded words.
PLASMA_EDGES = (0.35, 0.65, 1.1, 2.0, 3.5, 6.0)
PLASMA_WORDS: tuple[Phrase, ...] = phrases(
    "[very cool|low-temperature]",
    "[cool|soft]",
    "[mildly cool|sub-keV]",
    "[warm|moderately hot]",
    "[hot|fairly hot]",
    "[hot|quite hot]",
    "[very hot|high-temperature]",
)
#: Temperature in keV of a blackbody or disc between the graded words.
BLACKBODY_EDGES = (0.12, 0.19, 0.3, 0.6)
BLACKBODY_WORDS: tuple[Phrase, ...] = phrases(
    "[very soft|supersoft]",
    "[soft|cool]",
    "[moderately soft|lukewarm]",
    "[warm|intermediate]",
    "[hot|kilovolt]",
)

POWER_LAW: tuple[Phrase, ...] = phrases(
    "<spectrum> <fitted> by a(n) {continuum_word} [absorbed|simple|single] power law",
    "<spectrum> is a(n) {continuum_word} [power law|non-thermal continuum|featureless power law]",
    "a(n) {continuum_word} power law [accounts for|describes] the [emission|data]",
    "the continuum is {continuum_word}, [consistent with|as in] [Comptonised|non-thermal] emission",
)
POWER_LAW_NUMBER: tuple[Phrase, ...] = phrases(
    "<spectrum> <fitted> by a power law with Γ = {gamma} [± {gamma_error}|]",
    "a(n) {continuum_word} power law of photon index {gamma} [± {gamma_error}|] [fits well|is acceptable|is required]",
    "the photon index is {gamma} [± {gamma_error}|], which is {continuum_word}",
    "an absorbed power law gives a photon index of {gamma}",
)
PLASMA: tuple[Phrase, ...] = phrases(
    "<spectrum> <fitted> by a(n) {continuum_word} [optically thin|thermal|collisionally ionised] plasma",
    "<spectrum> is [thermal|dominated by thermal emission|that of a thin plasma] and {continuum_word}",
    "the emission is thermal, from {continuum_word} gas",
    "a(n) {continuum_word} thermal plasma [accounts for|describes] the data [better than a power law|]",
)
PLASMA_NUMBER: tuple[Phrase, ...] = phrases(
    "<spectrum> <fitted> by a thermal plasma with kT = {kt} [± {kt_error}|] keV",
    "a(n) {continuum_word} plasma of temperature {kt} keV [fits well|is acceptable|is required]",
    "a plasma temperature of {kt} keV is [found|measured|reported]",
    "an optically thin plasma with kT ≈ {kt} keV [describes the data|is preferred to a power law]",
)
BLACKBODY: tuple[Phrase, ...] = phrases(
    "<spectrum> <fitted> by a(n) {continuum_word} [blackbody|thermal, blackbody-like component]",
    "<spectrum> is [blackbody-like|purely thermal] and {continuum_word}, [faint above 2 keV|without a hard tail]",
    "a(n) {continuum_word} blackbody [or disc|] component dominates",
)
BLACKBODY_NUMBER: tuple[Phrase, ...] = phrases(
    "<spectrum> <fitted> by a blackbody with kT = {kt} [± {kt_error}|] keV",
    "a(n) {continuum_word} thermal component of {kt} keV [dominates|is required]",
    "a blackbody temperature of {kt} keV is [found|measured|reported]",
)

#: Coarse words for every continuum: soft, intermediate, hard.
VAGUE_CONTINUUM: tuple[tuple[Phrase, ...], ...] = (
    phrases(
        "<spectrum> is [soft|rather soft]",
        "[most|the bulk] of the flux [emerges|is detected] at low energies",
        "<F> has a soft [X-ray colour|spectrum]",
    ),
    phrases(
        "<spectrum> is [neither very hard nor very soft|of ordinary hardness|unremarkable]",
        "[a simple continuum model|a standard model] is sufficient for <spectrum>",
        "<F> has [typical X-ray colours|an ordinary X-ray colour]",
    ),
    phrases(
        "<spectrum> is [hard|rather hard]",
        "[most|the bulk] of the flux [emerges|is detected] at high energies",
        "<F> has a hard [X-ray colour|spectrum]",
    ),
)

#: Column density in 1e20 cm^-2 between the graded words.
COLUMN_EDGES = (5.0, 15.0, 50.0, 200.0, 1000.0, 5000.0)
COLUMN: tuple[tuple[Phrase, ...], ...] = (
    phrases(
        "[absorption is negligible|there is hardly any absorption]",
        "[virtually no|very little] gas lies in front of <S>",
    ),
    phrases(
        "[absorption is low|little absorption is needed], near the Galactic foreground value",
        "no absorption [beyond|in excess of] the Galactic column is [required|detected]",
    ),
    phrases(
        "[mild|modest|slight] absorption is [seen|required]",
        "a [mildly|slightly] absorbed continuum is [found|required], with a column of a few 10²¹ cm⁻²",
    ),
    phrases(
        "[moderate|considerable] absorption, [near|around] 10²² cm⁻², is [found|required]",
        "a [moderately large|substantial] column suppresses the emission below 1 keV",
    ),
    phrases(
        "[heavy|strong] absorption of several 10²² cm⁻² is [found|required]",
        "the emission below 2 keV is [strongly|largely] absorbed",
    ),
    phrases(
        "[very heavy|severe] absorption above 10²³ cm⁻² [hides the soft band|is inferred]",
        "only photons above about 3 keV [pass|penetrate] the [absorber|obscuring gas] directly",
    ),
    phrases(
        "the absorber is [close to Compton-thick|nearly Compton-thick]",
        "a column near 10²⁴ cm⁻² leaves [mainly reflected|little but scattered] emission below 5 keV",
    ),
)
COLUMN_NUMBER: tuple[Phrase, ...] = phrases(
    "the column density is {column}",
    "absorption by N_H = {column} is [required|measured|found]",
    "the fit [requires|yields] N_H ≈ {column}",
)
VAGUE_COLUMN: tuple[tuple[Phrase, ...], ...] = (
    phrases("the spectrum is [unabsorbed|essentially unabsorbed]", "no strong absorption is [seen|reported]"),
    phrases("some absorption is [seen|present]", "the spectrum is [somewhat|mildly] absorbed"),
    phrases("the source is [absorbed|obscured|heavily absorbed]", "strong absorption is [seen|suspected]"),
)

#: Equivalent width of Fe Kα in eV between none, modest, strong and very strong.
IRON_EDGES = (60.0, 180.0, 500.0)
IRON: tuple[tuple[Phrase, ...], ...] = (
    phrases("no iron line is [detected|required]", "an Fe Kα line is not [needed|significant]"),
    phrases("a [weak|narrow] Fe Kα line [of equivalent width {fe_ew} eV|] is [seen|suggested]"),
    phrases("a [clear|narrow but strong] Fe Kα line [of {fe_ew} eV|] is [seen|detected]"),
    phrases("a [very strong|prominent] Fe Kα line [with an equivalent width of {fe_ew} eV|] [stands out|is present]"),
)
#: Metal abundance relative to solar between the graded words.
ABUNDANCE_EDGES = (0.2, 0.5, 1.2)
ABUNDANCE: tuple[tuple[Phrase, ...], ...] = (
    phrases("the [plasma|gas] is [very metal-poor|nearly line-free], with abundances below 0.2 solar"),
    phrases("sub-solar abundances of about {abundance} are [found|measured]"),
    phrases("the abundances are [near solar|almost solar] [and the lines of Mg and Si are visible|]"),
    phrases("[strong|bright] lines of Mg, Si and S [show enhanced abundances|point to metal-rich gas]"),
)

#: Unabsorbed share of the second component between weak, moderate and strong.
SHARE_EDGES = (0.12, 0.35)
SOFT_EXCESS: tuple[tuple[Phrase, ...], ...] = (
    phrases("a [weak|slight|marginal] soft excess is [seen|possible] below 1 keV"),
    phrases(
        "a soft excess with kT ≈ {kt2} keV is [present|required]",
        "[an extra|a second] soft component is [needed|found]",
    ),
    phrases("a [strong|prominent] soft excess [dominates below 1 keV|is present]"),
)
HOT_GAS: tuple[Phrase, ...] = phrases(
    "[unabsorbed thermal|soft, unabsorbed] emission of {kt2} keV is [seen|needed] in addition",
    "a soft [scattered|thermal] component [emerges|remains] below 2 keV",
)
TWO_TEMPERATURES: tuple[tuple[Phrase, ...], ...] = (
    phrases(
        "a second, hotter component of {kt2} keV dominates", "the hotter of two temperatures ({kt2} keV) dominates"
    ),
    phrases("two temperatures are [needed|required], the [second|hotter] near {kt2} keV"),
    phrases("the cooler of two temperatures dominates", "a [weaker|minor] hot component of {kt2} keV is [seen|needed]"),
)
NO_SECOND: tuple[Phrase, ...] = phrases(
    "[no second component|no additional component] is [required|justified by the data]",
    "a single component [is sufficient|suffices]",
)

#: Measured hardness (hard − soft) / (hard + soft) between the graded words.
HARDNESS_EDGES = (-0.75, -0.5, -0.25, 0.0, 0.35)
HARDNESS: tuple[tuple[Phrase, ...], ...] = (
    phrases(
        "almost no counts are [detected|seen] above 2 keV", "the hardness ratio is among the softest of the sample"
    ),
    phrases("soft counts [clearly|far] outnumber hard ones", "the hardness ratio is soft [(≈ {hardness})|]"),
    phrases("the hardness ratio is [moderately soft|mildly soft] [(≈ {hardness})|]"),
    phrases(
        "the counts are [spread over the whole band|balanced between soft and hard, with a slight soft preference]"
    ),
    phrases(
        "hard counts [prevail slightly|are as many as or more than soft ones]",
        "the hardness ratio is {hardness}, rather hard",
    ),
    phrases(
        "nearly all counts are [detected|seen] above 2 keV", "the hardness ratio is among the hardest of the sample"
    ),
)

#: Net counts between the graded words.
COUNT_EDGES = (110.0, 180.0, 320.0, 700.0, 1600.0)
COUNTS: tuple[tuple[Phrase, ...], ...] = (
    phrases("the source is [very faint|near the limit for spectroscopy]", "fewer than about 100 counts are available"),
    phrases("the source is [faint|weak], with [little more than|some] 100 counts", "the statistics are poor"),
    phrases("[a couple of hundred|two or three hundred] counts allow a simple fit only", "the statistics are modest"),
    phrases("some five hundred counts [allow|permit] a [useful|reasonable] fit", "the statistics are fair"),
    phrases("about a thousand counts [constrain the model well|were collected]", "the statistics are good"),
    phrases("the source is bright, with [thousands of|several thousand] counts", "the statistics are excellent"),
)
COUNTS_NUMBER: tuple[Phrase, ...] = phrases(
    "about {counts} net counts were [collected|extracted|detected]",
    "the [fit|analysis] rests on {counts} counts",
    "[the authors extract|the spectrum contains] some {counts} counts",
)
FLUX: tuple[Phrase, ...] = phrases(
    "the [0.5–7 keV|0.5–8 keV|broad-band] flux is {flux} erg cm⁻² s⁻¹",
    "a flux of {flux} erg cm⁻² s⁻¹ is [quoted|measured|reported]",
)

OTHER_MISSION: tuple[Phrase, ...] = phrases(
    "<mission> [had found|found|finds] {other_value}[, in agreement|, with larger errors| at another epoch|]",
    "[earlier|independent|later] <mission> data [gave|give] {other_value}",
    "{other_value} was reported from <mission> data",
)
NO_DETAIL: tuple[Phrase, ...] = phrases(
    "[no detailed spectral analysis|no spectral fit] is [reported|attempted]",
    "spectral parameters are not [tabulated|discussed in detail] for <S>",
    "a standard model was assumed to convert count rates into fluxes",
    "the [count rate|detection significance] is given, but [no spectrum|no fit]",
    "X-ray properties are [listed in a table|reported] without [comment|discussion]",
)
FILLER: tuple[Phrase, ...] = phrases(
    "the background was taken from a source-free [annulus|region] nearby",
    "spectra were grouped to [15|20|25] counts per bin and fitted between 0.5 and [7|8] keV",
    "the C statistic was used [because of the low counts|throughout]",
    "responses were [built|computed] for the position [on the detector|off axis]",
    "[the calibration uncertainty|the contamination of the detector] limits the result at low energies",
    "uncertainties are quoted at [90|68] per cent confidence",
    "the fit is [formally acceptable|good], [with small residuals|without obvious residuals]",
    "data of [two|three|several] exposures were combined",
    "the abundance table [has little effect|was that of the interstellar medium]",
    "alternative models [fit almost as well|cannot be excluded]",
)
RARITY: dict[str, tuple[Phrase, ...]] = {
    "gravitational lens": phrases(
        "an unusually strong and shifted iron line is [reported in the summed images|attributed to microlensing]"
    ),
    "pulsating ULX": phrases("the pulsed fraction grows with energy and the spectrum is harder than in other ULXs"),
    "changing-look AGN": phrases("the column density [dropped by an order of magnitude|changed] between observations"),
    "pile-up artefact": phrases("the spectrum is distorted by pile-up, which hardens the continuum artificially"),
    "AGN-like flare star": phrases("the flare spectrum is so hot and line-poor that it can pass for a power law"),
}
