"""Phrases about variability: flares, pulsations, dips, changes of state, and none."""

from __future__ import annotations

from alignlab.literature.grammar import Phrase, phrases

#: Amplitude between weak, moderate and strong, by kind of light curve (units as in the simulator's truth).
AMPLITUDE_EDGES: dict[str, tuple[float, float]] = {
    "flare": (2.5, 6.0),
    "pulsation": (0.2, 0.45),
    "dip": (0.45, 0.75),
    "state change": (1.0, 2.2),
    "stochastic": (0.2, 0.38),
}
AMPLITUDE_WORDS: tuple[Phrase, ...] = phrases(
    "[weak|small|low-amplitude]", "[moderate|noticeable|clear]", "[strong|large|high-amplitude]"
)

VARIABILITY: dict[str, tuple[Phrase, ...]] = {
    "constant": phrases(
        "no [significant|short-term] variability is [seen|detected] within the observation",
        "the light curve is consistent with a constant [rate|flux]",
        "the flux was [steady|stable] during the exposure",
        "[a Kolmogorov–Smirnov test|a test for variability] shows no departure from a constant rate",
    ),
    "flare": phrases(
        "a(n) {amplitude_word} flare [lasting|of] [a few kiloseconds|several hours] is seen",
        "the light curve shows [a fast rise and exponential decay|an impulsive {amplitude_word} flare]",
        "the count rate rose by a factor of {flare_factor} during a flare",
        "[flaring|{amplitude_word} flaring] was observed [within hours|during the exposure]",
    ),
    "pulsation": phrases(
        "{amplitude_word} pulsations with a period of {spin} are detected",
        "a coherent signal at {spin} is found, with a pulsed fraction of {pulsed} per cent",
        "timing [reveals|shows] {amplitude_word} periodic modulation [at {spin}|]",
        "the pulse profile is [single-peaked|sinusoidal|double-peaked] at a period of {spin}",
    ),
    "dip": phrases(
        "{amplitude_word} dips [recur every {spin}|are seen in the light curve]",
        "[eclipse-like|absorption] dips [interrupt|modulate] the light curve",
        "the flux drops [repeatedly|periodically], [probably because of obscuration|as in an eclipse]",
    ),
    "state change": phrases(
        "the flux changed [abruptly|within the observation] between two levels",
        "a(n) {amplitude_word} change of state occurred during the exposure",
        "the source switched from a low to a high level [in mid-observation|]",
    ),
    "stochastic": phrases(
        "{amplitude_word} aperiodic variability is [seen|present] on [hour|kilosecond] timescales",
        "the light curve [flickers|varies irregularly], with {amplitude_word} amplitude",
        "red-noise variability is [detected|found] within the observation",
    ),
}
#: Vague: not variable, variable.
VAGUE_VARIABILITY: tuple[tuple[Phrase, ...], ...] = (
    phrases("no variability is [noted|reported]", "<S> [shows no variability|appears constant]"),
    phrases("<S> is [variable|a variable X-ray source]", "variability is [noted|reported] [without details|]"),
)
