"""Phrases about where a source is and what is made of it: field, host, companion, distance, interpretation."""

from __future__ import annotations

from alignlab.literature.grammar import Phrase, phrases

#: What a whole field is, and the phrases that a paper about it would use; all its sources share the words.
FIELDS: dict[str, tuple[Phrase, ...]] = {
    "spiral galaxy": phrases(
        "[nearby spiral|face-on spiral|nearby barred|interacting|grand-design spiral] galaxy at {dist_mpc} Mpc",
        "[star-forming|giant elliptical|bulge-dominated|late-type] galaxy at a distance of {dist_mpc} Mpc",
    ),
    "satellite galaxy": phrases(
        "[dwarf irregular|gas-rich, metal-poor|small satellite] galaxy [in the Local Group|at {dist_sat} kpc]",
        "[star-forming bar|wing|outer disc] of a satellite galaxy of the Milky Way",
    ),
    "globular cluster": phrases(
        "[dense|core-collapsed|massive|metal-poor] globular cluster at {dist_kpc} kpc",
        "[core|half-light radius] of a [rich|nearby|bulge] globular cluster",
    ),
    "star-forming region": phrases(
        "[young|embedded|massive|rich] star cluster of [about |]{age_myr} Myr",
        "[nearby|giant|dusty] molecular cloud at {dist_yso} pc",
        "[H II region|star-forming complex] with [many|hundreds of] young stars at {dist_yso} pc",
    ),
    "Galactic plane": phrases(
        "[strip|region|window] of the Galactic [plane|bulge|disc]",
        "crowded field [near the Galactic centre|in a spiral arm|at low Galactic latitude]",
    ),
    "deep field": phrases(
        "[deep|medium-deep|wide-area|ultra-deep] extragalactic survey field",
        "high-latitude field of [low foreground absorption|a wide serendipitous survey]",
    ),
    "cluster field": phrases(
        "[field|outer region] of a [massive|relaxed|merging|nearby] galaxy cluster",
    ),
}
#: Sentences that place a source in such a field.
IN_FIELD: tuple[Phrase, ...] = phrases(
    "<F> [lies|is located] in a survey of a(n) {field}",
    "it [lies|falls] within the observed area of a(n) {field}",
    "[the paper surveys|the authors study] X-ray sources in a(n) {field}, [this one among them|of which it is one]",
    "<F> is seen [in the direction of|projected on] a(n) {field}",
    "[together with|like] {n_members} other detections, <S> belongs to the X-ray source list of a(n) {field}",
)

ENVIRONMENT: dict[str, tuple[Phrase, ...]] = {
    "AGN": phrases(
        "the host is an early-type galaxy [in a small group|with a bright bulge|]",
        "the host galaxy has [a normal star-formation rate|a companion|a bar]",
        "the nucleus [ionises an extended narrow-line region|is surrounded by a dusty torus seen face-on]",
    ),
    "obscured AGN": phrases(
        "dust and gas of a torus [seen nearly edge-on|of large covering factor] hide the nucleus",
        "the host is a [dusty|gas-rich, merging|star-forming] galaxy",
        "[a circumnuclear starburst|a dust lane] may add to the obscuration",
    ),
    "QSO": phrases(
        "[a companion galaxy|an overdensity|an intervening absorber] is seen at [the same|a lower] redshift",
        "the host is [not resolved|outshone by the nucleus]",
        "at this redshift the observed band corresponds to [several|tens of] keV in the rest frame",
    ),
    "star": phrases(
        "[the distance of {dist_pc} pc|the parallax] places it in the solar neighbourhood",
        "it [may belong to a moving group|is an isolated field star|is a member of an open cluster]",
        "a [wide|close] stellar companion is [known|suspected]",
    ),
    "YSO": phrases(
        "it belongs to a population of pre-main-sequence stars of [about|roughly] {age_myr} Myr",
        "the surrounding cloud [adds to the extinction|is still forming stars|is dispersing]",
        "[a disc|an outflow cavity|an accretion column] surrounds the star",
    ),
    "HMXB": phrases(
        "[the donor's wind|a decretion disc around the donor] feeds the compact object",
        "recent star formation nearby [fits the age of the system|explains such binaries]",
        "the orbit is [eccentric|wide], with a period of {orbit_d} days",
    ),
    "LMXB": phrases(
        "the donor [fills its Roche lobe|is an evolved low-mass star|is a late-type dwarf]",
        "[an old stellar population|dynamical formation in a dense core] accounts for such a binary",
        "the distance is [about|estimated as] {dist_kpc} kpc [from its bursts|]",
    ),
    "CV": phrases(
        "the white dwarf accretes [through a disc|along magnetic field lines] from a red dwarf",
        "a distance of [several hundred pc|about a kiloparsec] is [derived|assumed]",
        "the white-dwarf mass is about {wd_mass} solar masses",
    ),
    "ULX": phrases(
        "young clusters and a star-forming [ring|arm] lie [nearby|within a hundred parsecs]",
        "[an ionised nebula|a shock-excited bubble] records its energy output",
        "the host [has a high star-formation rate|is metal-poor]",
    ),
    "pulsar": phrases(
        "[a faint wind nebula|no wind nebula|a jet-like feature] surrounds the neutron star",
        "it [lies near the centre of an old remnant|has moved far from its birthplace]",
        "the distance from [dispersion|parallax] is {dist_kpc} kpc",
    ),
    "SNR": phrases(
        "the shock runs into [dense clouds|a low-density cavity|the wind of the progenitor]",
        "the ambient density is about {density} cm⁻³",
        "[no compact remnant|a candidate compact remnant] is [seen|found] inside the shell",
    ),
    "galaxy cluster": phrases(
        "the [intracluster|intragroup] medium [is relaxed|is disturbed by a merger|has a cool core]",
        "a brightest cluster galaxy [with a radio source|] sits at the X-ray peak",
        "[cavities|cold fronts|substructures] are [seen|suspected] in the gas",
    ),
}

INTERPRETATION: dict[str, tuple[Phrase, ...]] = {
    "AGN": phrases(
        "accretion on to a supermassive black hole, with Comptonisation in a corona, [powers|explains] the emission",
        "the emission is [interpreted as|attributed to] a disc corona around a massive black hole",
        "the Eddington ratio is estimated as {edd}",
    ),
    "obscured AGN": phrases(
        "the direct nuclear light is hidden and partly [reflected|scattered] into view",
        "the [intrinsic|absorption-corrected] luminosity is that of a Seyfert nucleus",
        "unification by orientation [explains|accounts for] the properties",
    ),
    "QSO": phrases(
        "the luminosity implies rapid accretion on to a black hole of {bh_mass} solar masses",
        "the emission [arises in|is attributed to] the innermost accretion flow [and perhaps a jet|]",
        "the quasar [contributes to studies of|is used to trace] black-hole growth at z ≈ {z}",
    ),
    "star": phrases(
        "magnetic activity heats the corona, [driven by rotation|as in other active dwarfs]",
        "the emission is [attributed to|explained by] a magnetically confined corona",
        "the activity level [implies an age below 1 Gyr|fits the rotation-activity relation]",
    ),
    "YSO": phrases(
        "magnetic reconnection [in the star's corona|between star and disc] heats the plasma",
        "the X-rays [ionise the disc|may influence planet formation], as in other young stars",
        "accretion shocks [contribute little|may add a soft component]",
    ),
    "HMXB": phrases(
        "[wind|disc-fed] accretion on to a magnetised neutron star [powers|explains] the emission",
        "the X-rays come from an accretion column above the magnetic pole",
        "matter captured from the massive companion is [channelled|funnelled] to the neutron star",
    ),
    "LMXB": phrases(
        "accretion through a disc on to a [neutron star|stellar-mass black hole] [powers|explains] the emission",
        "in quiescence, [residual accretion|the cooling surface of the neutron star] dominates",
        "the accretion state resembles the [low/hard|high/soft] state of black-hole binaries",
    ),
    "CV": phrases(
        "a shock above the white dwarf's surface heats the accreted gas",
        "the hard X-rays [come from|are attributed to] the post-shock accretion column",
        "the boundary layer between disc and white dwarf [emits|dominates] the X-rays",
    ),
    "ULX": phrases(
        "super-Eddington accretion with a [thick disc|radiatively driven wind] is favoured",
        "beaming or an intermediate-mass black hole [are|have been] discussed",
        "the spectrum is [interpreted|discussed] as a cool disc and a Comptonising flow",
    ),
    "pulsar": phrases(
        "the emission is [magnetospheric|from the heated polar caps|a mix of magnetospheric and surface emission]",
        "[cooling of the surface|rotational energy loss|magnetic-field decay] powers the X-rays",
        "the X-ray efficiency relative to the spin-down power is {efficiency}",
    ),
    "SNR": phrases(
        "shock-heated [ejecta dominate|interstellar gas dominates] the thermal emission",
        "the blast wave of the explosion [sweeps up|heats] the surrounding medium",
        "the composition suggests [a massive progenitor|a thermonuclear explosion]",
    ),
    "galaxy cluster": phrases(
        "the emission is bremsstrahlung of gas in the cluster potential",
        "gas heated by [gravitational infall|mergers and the central galaxy] fills the potential well",
        "the luminosity and temperature follow the known scaling relation",
    ),
}

GROUP_INTERPRETATION: dict[str, tuple[Phrase, ...]] = {
    "active nucleus": phrases("accretion on to a massive black hole is [assumed|likely]"),
    "stellar": phrases("coronal activity is [assumed|the likely origin]"),
    "accreting binary": phrases("accretion on to a compact star is [assumed|likely]"),
    "compact remnant": phrases("a young or hot neutron star is [assumed|considered]"),
    "diffuse": phrases("hot diffuse gas is [assumed|the likely origin]"),
}

AGNOSTIC: tuple[Phrase, ...] = phrases(
    "[no physical interpretation|no distance|no host] is [offered|given]",
    "its [distance|environment] is [unknown|poorly known]",
    "the surroundings [are not discussed in detail|show nothing remarkable]",
    "the origin of the emission is [left open|not discussed]",
    "[chance superposition|contamination by neighbours] is [discussed|considered possible]",
)
FILLER: tuple[Phrase, ...] = phrases(
    "the [authors|papers] compare source counts with [models|earlier surveys]",
    "[the limiting flux|completeness] of the survey is discussed [at length|]",
    "the luminosity function of the whole sample is derived",
    "[maps of|data on] [cold gas|dust|Hα emission] in the area are [presented|used for comparison]",
    "extinction maps give A_V ≈ {extinction} mag [towards the field|in this direction]",
    "[deeper|wide-field|infrared] imaging is [recommended|planned]",
    "the association with a radio source of {radio_mjy} mJy is [uncertain|a chance alignment]",
    "[source confusion|diffuse emission] complicates the photometry",
    "the sample contains {n_members} sources, [most of them faint|some without counterparts]",
    "the [survey|sample] serves to [test population models|calibrate classification methods]",
)
RARITY: dict[str, tuple[Phrase, ...]] = {
    "gravitational lens": phrases(
        "a foreground galaxy acts as the lens; the time delay between the images is {delay} days",
        "magnification by a lens galaxy and microlensing by its stars are [discussed|modelled]",
    ),
    "pulsating ULX": phrases(
        "the spin-up rate and luminosity require super-Eddington accretion on to a [strongly magnetised|] neutron star"
    ),
    "changing-look AGN": phrases("a cloud crossing the line of sight or a change of the accretion rate is discussed"),
    "pile-up artefact": phrases("the properties are an instrumental artefact and no physical conclusion is drawn"),
    "AGN-like flare star": phrases("its parallax makes it a nearby star, which excludes an extragalactic origin"),
}
