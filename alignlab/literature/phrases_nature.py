"""Phrases about what an object is: its class, the evidence for it, and how it was found."""

from __future__ import annotations

from alignlab.literature.grammar import Phrase, phrases

#: Coarse families, for texts that do not commit themselves.
GROUP_OF: dict[str, str] = {
    "AGN": "active nucleus",
    "obscured AGN": "active nucleus",
    "QSO": "active nucleus",
    "star": "stellar",
    "YSO": "stellar",
    "HMXB": "accreting binary",
    "LMXB": "accreting binary",
    "ULX": "accreting binary",
    "CV": "accreting binary",
    "pulsar": "compact remnant",
    "SNR": "diffuse",
    "galaxy cluster": "diffuse",
}

#: A class in a few words, without article; used wherever a class is named in passing.
NOUNS: dict[str, Phrase] = {
    "AGN": Phrase("[active galactic nucleus|AGN|Seyfert galaxy|type 1 AGN]"),
    "obscured AGN": Phrase("[obscured AGN|type 2 AGN|absorbed active nucleus|Seyfert 2 galaxy]"),
    "QSO": Phrase("[quasar|luminous quasar|QSO|radio-quiet quasar]"),
    "star": Phrase("[coronally active star|active star|late-type star|stellar coronal source]"),
    "YSO": Phrase("[young stellar object|pre-main-sequence star|T Tauri star|young star]"),
    "HMXB": Phrase("[high-mass X-ray binary|HMXB|Be/X-ray binary|X-ray binary with a massive donor]"),
    "LMXB": Phrase("[low-mass X-ray binary|LMXB|accreting binary with a low-mass donor]"),
    "CV": Phrase("[cataclysmic variable|CV|accreting white dwarf|magnetic cataclysmic variable]"),
    "ULX": Phrase("[ultraluminous X-ray source|ULX|off-nuclear ultraluminous source]"),
    "pulsar": Phrase("[pulsar|isolated neutron star|rotation-powered pulsar|neutron star]"),
    "SNR": Phrase("[supernova remnant|SNR|shell-type remnant]"),
    "galaxy cluster": Phrase("[galaxy cluster|cluster of galaxies|group of galaxies]"),
}

GROUP_NOUNS: dict[str, Phrase] = {
    "active nucleus": Phrase("[active galaxy|accreting supermassive black hole|extragalactic nuclear source]"),
    "stellar": Phrase("[stellar source|star in our Galaxy|foreground stellar source]"),
    "accreting binary": Phrase("[accreting compact object|X-ray binary of unknown type|interacting binary]"),
    "compact remnant": Phrase("[compact stellar remnant|neutron star of some kind|compact object]"),
    "diffuse": Phrase("[source of diffuse hot gas|extended X-ray source|extended thermal source]"),
}

STATEMENTS: dict[str, tuple[Phrase, ...]] = {
    "AGN": phrases(
        "<F> is [identified with|classified as] [an active galactic nucleus|a type 1 AGN|a broad-line AGN] at z = {z}",
        "<F> is the nucleus of a Seyfert [1|1.2|1.5] galaxy [at redshift {z}|at z = {z}|]",
        "optical spectroscopy [shows|reveals] broad Balmer emission lines, typical of a type 1 active nucleus",
        "it is an [unobscured|optically selected|X-ray selected] AGN [at z ≈ {z}|with a spectroscopic redshift of {z}]",
        "[the nuclear position|the point-like counterpart in the galaxy's centre] and broad Hα make this a Seyfert 1",
        "<F> coincides with the centre of a galaxy at z = {z} and is [listed|catalogued|treated] as an AGN",
    ),
    "obscured AGN": phrases(
        "<F> is [an obscured|a type 2|an absorbed] active galactic nucleus at z = {z}",
        "the host nucleus shows only narrow [forbidden|high-excitation] lines and is classified as a Seyfert 2 galaxy",
        "<F> is [identified with|interpreted as] a(n) [narrow-line|heavily reddened|dust-enshrouded] AGN at z ≈ {z}",
        "no broad lines are seen, [so that|and] a hidden type 2 nucleus at redshift {z} is [inferred|preferred]",
        "it is an obscured accreting black hole, [selected in the mid-infrared|with a buried nucleus], at z = {z}",
        "<F> is a candidate Compton-thick nucleus in a galaxy at z = {z}",
    ),
    "QSO": phrases(
        "<F> is a [radio-quiet|luminous|bright|blue] quasar at z = {z}",
        "it is [a known|a spectroscopically confirmed|an optically selected] QSO at a redshift of {z}",
        "the optical spectrum with [broad C IV and Mg II|broad Lyα and C IV|strong Mg II] gives a quasar at z = {z}",
        "<F> is [identified with|matched to] a quasar of redshift {z}, [point-like|unresolved] in all bands",
        "broad ultraviolet lines [identify|establish] it as a quasar [at z = {z}|of redshift {z}]",
        "<F> is a [radio-loud|flat-spectrum radio] quasar at z = {z}, [with a compact radio core|with a one-sided jet]",
    ),
    "star": phrases(
        "<F> is [identified with|associated with] a(n) {sptype} [dwarf|star] [at {dist_pc} pc|] and is coronal",
        "it is a [chromospherically|magnetically|coronally] active late-type star of spectral type {sptype}",
        "<F> is the corona of a nearby [M dwarf|K dwarf|G-type star|field star], [{dist_pc} pc away|in the foreground]",
        "the bright [optical|infrared] counterpart with large proper motion is an active star, spectral type {sptype}",
        "<F> is [an RS CVn-type binary|a close active binary|a rapidly rotating dwarf] with strong Hα emission",
        "a [parallax|Gaia parallax] places the counterpart at {dist_pc} pc: it is an ordinary active star",
    ),
    "YSO": phrases(
        "<F> is a [pre-main-sequence|T Tauri|young] star [of class {yso_class}|with an infrared excess]",
        "it is [listed|classified] as a [class {yso_class}|weak-line T Tauri|classical T Tauri] young stellar object",
        "an [infrared excess|accretion signature in Hα|age below a few Myr] marks <S> as a young stellar object",
        "<F> is a low-mass member of a young cluster, still contracting towards the main sequence",
        "<F> is a [protostar|young star] of about {age_myr} Myr, [embedded in|seen through] its natal cloud",
        "the infrared colours are those of a [disc-bearing|discless] young star of class {yso_class}",
    ),
    "HMXB": phrases(
        "<F> is a high-mass X-ray binary [with a {ob_type} donor|containing a Be star|with an OB supergiant companion]",
        "it is a [Be/X-ray binary|supergiant X-ray binary|HMXB pulsar] [with an orbit of {orbit_d} days|]",
        "the counterpart is an early-type star ({ob_type}) with Hα emission: <S> is a Be/X-ray binary",
        "<F> is [classified as|confirmed to be] an HMXB in which a neutron star accretes from a massive star",
        "an OB star within the error circle [makes <S>|establishes <S> as] a high-mass binary",
        "<F> is an accreting pulsar with a massive companion and a spin period of {spin}",
    ),
    "LMXB": phrases(
        "<F> is a low-mass X-ray binary [with a neutron-star accretor|with a black-hole candidate|in quiescence]",
        "it is an LMXB [of orbital period {orbit_h} h|that shows type I bursts|with a faint blue counterpart]",
        "<F> is a [transient|persistent|quiescent] low-mass X-ray binary",
        "type I [X-ray bursts|thermonuclear bursts] seen in the past identify a neutron star with a low-mass donor",
        "<F> is an accreting compact object fed by [a K-type dwarf|a low-mass star|an evolved low-mass donor]",
        "[a faint, blue|an evolved|no bright] optical counterpart and its X-ray luminosity make it an LMXB",
    ),
    "CV": phrases(
        "<F> is a cataclysmic variable [of orbital period {orbit_h} h|with strong Balmer and He II emission|]",
        "it is [an intermediate polar|a polar|a dwarf nova|a nova-like variable], that is, an accreting white dwarf",
        "the blue counterpart with [flickering and|] strong Hα and He II lines is a cataclysmic variable",
        "<F> is a magnetic CV in which the white dwarf spins every {spin}",
        "<F> is classified as a CV from its [emission-line optical spectrum|ultraviolet excess|dwarf-nova outbursts]",
        "a white dwarf accreting from a [red dwarf|late-type donor] is the accepted identification",
    ),
    "ULX": phrases(
        "<F> is an ultraluminous X-ray source [off the nucleus of its host galaxy|in a spiral arm|]",
        "it is a ULX with a peak luminosity of {ulx_lum} erg s⁻¹, assuming isotropic emission",
        "<F> is an off-nuclear source above the Eddington limit of a stellar-mass black hole",
        "with {ulx_lum} erg s⁻¹ it [belongs to|is counted among] the ultraluminous X-ray sources",
        "<F> is a [persistent|variable|transient] ULX, [whose accretor is unknown|of unknown accretor mass]",
        "its luminosity and off-centre position [make it an ultraluminous source|fit no ordinary X-ray binary]",
    ),
    "pulsar": phrases(
        "<F> is the X-ray counterpart of a [radio|gamma-ray|young|middle-aged] pulsar with a period of {pulse}",
        "it is [an isolated neutron star|a rotation-powered pulsar|a recycled millisecond pulsar]",
        "<F> is [a central compact object|a magnetar candidate|an isolated cooling neutron star]",
        "radio timing gives a pulsar of period {pulse} and [a spin-down age|a characteristic age] of {age_kyr} kyr",
        "<F> is a neutron star whose [rotation|residual heat|magnetic field] powers the X-ray emission",
        "<F> coincides with a pulsar [within the error circle|at the timing position], of spin period {pulse}",
    ),
    "SNR": phrases(
        "<F> is a supernova remnant [with a shell-like morphology|of {snr_size} arcmin diameter|]",
        "it is [an ejecta-dominated|a middle-aged|a young|a mixed-morphology] supernova remnant",
        "an [optical|radio] shell with enhanced S II emission identifies <S> as an SNR",
        "<F> is the X-ray [shell|emission|knot] of a remnant about {age_kyr} kyr old",
        "<F> is [confirmed|classified] as a supernova remnant by its [thermal X-rays and radio shell|S II/Hα ratio]",
        "<F> is a [core-collapse|thermonuclear] supernova remnant, resolved in [X-rays|the radio]",
    ),
    "galaxy cluster": phrases(
        "<F> is a cluster of galaxies at z = {z}",
        "it is the [extended|diffuse] X-ray emission of a galaxy [cluster|group] at redshift {z}",
        "<F> is [an X-ray selected|an optically rich|a Sunyaev–Zeldovich detected] galaxy cluster at z ≈ {z}",
        "an overdensity of red galaxies at z = {z} identifies <S> as a galaxy cluster",
        "<F> is [the core|the central region] of a galaxy cluster with a dominant central galaxy [at z = {z}|]",
        "<F> is [listed|catalogued] as a [poor cluster|group|cluster] of galaxies with {n_members} confirmed members",
    ),
}

#: Facts that no X-ray spectrum shows.
EVIDENCE: dict[str, tuple[Phrase, ...]] = {
    "AGN": phrases(
        "the host is a(n) [early-type|spiral|disturbed|face-on spiral] galaxy of magnitude {vmag}",
        "the black-hole mass from [reverberation|the Hβ width] is {bh_mass} solar masses",
        "[strong|weak] O III emission and an optical to X-ray index of {alpha_ox} are reported",
    ),
    "obscured AGN": phrases(
        "the mid-infrared colours are [red|very red], as expected of dust heated by a hidden nucleus",
        "the O III luminosity exceeds what the observed X-ray flux would suggest",
        "the host is [an edge-on spiral|a merging system|a dusty starburst galaxy] of magnitude {vmag}",
    ),
    "QSO": phrases(
        "the optical magnitude is {vmag} and the optical to X-ray index {alpha_ox}",
        "it was found in [an optical colour survey|a slitless spectroscopic survey|a radio survey]",
        "a virial black-hole mass of {bh_mass} solar masses has been derived from its [Mg II|C IV] line",
    ),
    "star": phrases(
        "the counterpart has V = {bright_mag} and a proper motion of {proper_motion} mas per year",
        "a photometric rotation period of {rotation_d} days is known",
        "the ratio of X-ray to bolometric luminosity, near 10⁻³ to 10⁻⁴, is that of saturated activity",
    ),
    "YSO": phrases(
        "[near-infrared|millimetre] data [show|reveal] [a circumstellar disc|an envelope|an outflow] around it",
        "lithium absorption and a position above the main sequence confirm its youth",
        "the mass is estimated as {star_mass} solar masses from evolutionary tracks",
    ),
    "HMXB": phrases(
        "the donor has a spectral type of {ob_type} and a magnitude of {bright_mag}",
        "an orbital period of {orbit_d} days was found from [outbursts|optical photometry|radial velocities]",
        "[double-peaked|variable] Hα emission traces the circumstellar disc of the donor",
    ),
    "LMXB": phrases(
        "an orbital period of {orbit_h} h is [known from eclipses|suggested by optical photometry]",
        "the optical counterpart is [fainter than magnitude {vmag}|a faint star of magnitude {vmag}]",
        "outbursts were recorded [twice|once|several times] by all-sky monitors",
    ),
    "CV": phrases(
        "the orbital period is {orbit_h} h, [above|just above|below] the period gap",
        "the ultraviolet counterpart is blue and varies by [half a magnitude|one magnitude|two magnitudes]",
        "He II is [as strong as|weaker than] Hβ in its optical spectrum",
    ),
    "ULX": phrases(
        "[a blue counterpart|no unique optical counterpart|a faint counterpart of magnitude {vmag}] is found",
        "an ionised bubble of {bubble_pc} pc surrounds it, seen in [Hα|He II]",
        "it lies {offset_arcsec} arcsec from the nucleus of the galaxy",
    ),
    "pulsar": phrases(
        "the spin-down power is {edot} erg s⁻¹ and the dispersion measure {dm} pc cm⁻³",
        "gamma-ray pulsations [are also known|have been reported|have been searched for without success]",
        "no optical counterpart is seen [down to magnitude {vmag}|in the deepest images]",
    ),
    "SNR": phrases(
        "the radio spectral index is −0.{radio_digit} and the shell is [incomplete|limb-brightened|asymmetric]",
        "expansion measurements give an age near {age_kyr} kyr",
        "optical filaments with a high S II/Hα ratio outline the [shell|rim]",
    ),
    "galaxy cluster": phrases(
        "the velocity dispersion of the members is {vel_disp} km s⁻¹",
        "[a Sunyaev–Zeldovich signal|a weak-lensing mass|a red sequence] supports the identification",
        "the richness corresponds to a mass of a few times 10¹⁴ solar masses",
    ),
}

HEDGED: tuple[Phrase, ...] = phrases(
    "<F> is [a candidate|a possible|a probable] {noun}, [awaiting|still lacking] spectroscopic confirmation",
    "<concluded> <S> is <likely> a(n) {noun}, although [other classes are not excluded|the match may be by chance]",
    "a(n) {noun} is the [preferred|favoured] identification, [on statistical grounds|given its colours]",
    "its X-ray to optical flux ratio is consistent with a(n) {noun}",
    "<F> was [classified|labelled] by a [machine-learning|statistical] method as a(n) {noun} [with modest confidence|]",
)

GROUP_STATEMENTS: tuple[Phrase, ...] = phrases(
    "<F> is <likely> a(n) {group}, [without a firm class|but no finer class can be given]",
    "the [multi-wavelength|available] data point to a(n) {group}",
    "<F> is described only as a(n) {group}",
    "<concluded> <S> is a(n) {group}",
    "<F> is [entered|listed] as a(n) {group} in the [catalogue|table of identifications]",
)

OUTDATED: tuple[Phrase, ...] = phrases(
    "originally [listed|catalogued|reported] as a(n) {old}, <S> was later reclassified",
    "an early identification as a(n) {old} [was not confirmed|has been abandoned|rested on a chance alignment]",
    "[older|earlier] papers call it a(n) {old}",
    "a previous suggestion that <S> is a(n) {old} is [doubted|disputed|rejected]",
)

AGNOSTIC: tuple[Phrase, ...] = phrases(
    "the nature of <F> [remains|is] [uncertain|unknown|unclear]",
    "<F> is an unidentified X-ray source [without a secure counterpart|in a crowded region|]",
    "<F> is listed in [a serendipitous source catalogue|a survey catalogue|a detection list] without classification",
    "no classification is given [by the authors|in these papers|]",
    "several classes are [possible|considered], and none is [preferred|excluded]",
    "<F> is one of [many|several dozen|a few hundred] detections [in a catalogue paper|in the surveyed area]",
    "[the sparse|existing|published] data do not allow <S> to be classified",
    "the identification of <F> is left to follow-up work",
)

#: Facts of no diagnostic value, for every class.
FILLER: tuple[Phrase, ...] = phrases(
    "it was first [detected|reported] in [the 1990s|an early imaging survey|a shallow all-sky survey|{year}]",
    "the X-ray position is known to [0.5|0.7|1|about 1|better than 1] arcsec",
    "a {radio_mjy} mJy radio source [may be related|lies nearby|lies within the error circle]",
    "no radio counterpart is found [above {radio_mjy} mJy|in the available survey]",
    "the proposed [optical|near-infrared] counterpart has a magnitude of {any_mag}",
    "[two|three|several] [optical|infrared] objects fall [inside|near] the error circle",
    "it appears in [two|three|four|several] source catalogues [under different designations|]",
    "a second X-ray source lies {offset_arcsec} arcsec away [and may contaminate older data|]",
    "[optical|spectroscopic|infrared|radio] follow-up was [obtained|attempted|proposed] in {year}",
    "its position was revisited when [astrometry|a new catalogue|better astrometry] became available",
    "the source was [not the target|a serendipitous detection|the target] of the [pointing|observation]",
    "chance coincidence with the counterpart is estimated at {percent} per cent",
)

RARITY: dict[str, tuple[Phrase, ...]] = {
    "gravitational lens": phrases(
        "<F> is a gravitationally lensed quasar: [four|two] images of one nucleus surround a foreground galaxy",
        "high-resolution images resolve <S> into lensed images of the same quasar, separated by {arcsec_small} arcsec",
    ),
    "pulsating ULX": phrases(
        "coherent pulsations with a period of {spin} show that this ultraluminous source hosts a neutron star",
        "<F> is a pulsating ULX: the accretor is a neutron star far above its Eddington limit, spinning every {spin}",
    ),
    "changing-look AGN": phrases(
        "<F> is a changing-look AGN: [broad lines vanished and returned|its type changed from 1 to 1.9 and back]",
        "repeated spectroscopy shows the nucleus changing its optical type within years, a changing-look AGN",
    ),
    "pile-up artefact": phrases(
        "the catalogued X-ray properties are [affected|distorted] by photon pile-up, so its colours mislead",
        "<F> is so bright that pile-up [corrupts|hardens] its spectrum, and earlier classifications should be doubted",
    ),
    "AGN-like flare star": phrases(
        "<F> was taken for an AGN because of its hard spectrum, but the counterpart is a nearby flare star",
        "a flaring M dwarf, and not the background active nucleus first proposed, is the true counterpart",
    ),
}
