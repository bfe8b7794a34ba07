"""What each simulated text states, and how probable each statement is about any source, by its writer's rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.statements import Categorical, Statement
from alignlab.literature.claims import (
    CONFUSED_WITH,
    FAMILY,
    VAGUE,
    known_counts,
    missed_probability,
    telling_probability,
)
from alignlab.literature.fields import PLANE_COLUMN
from alignlab.literature.phrases_nature import GROUP_OF
from alignlab.services.evaluate.oracle_values import brightness_told, colours_told, shapes_told
from alignlab.services.evaluate.written import Written

_CURVES = ("constant", "flare", "pulsation", "dip", "state change", "stochastic")
_CONTINUA = ("power law", "plasma", "blackbody")
_SECOND = ("", "hot gas", "soft excess", "two temperatures")


def shape_statements(written: Written) -> list[Statement]:
    """What texts say of a source's class and of the shape of its spectrum: continuum, absorption, lines."""
    return [_class_statement(written), *_kinds(written), *shapes_told(written), *_rarity(written)]


def brightness_statements(
    written: Written, *, errors: Mapping[str, NDArray[np.float64]] | None = None
) -> list[Statement]:
    """What texts say of counts and flux, and how much they say of a spectrum: of bright sources more.

    Parameters
    ----------
    written : Written
    errors : mapping of str to ndarray, shape (n,), optional
        Relative errors of ``counts`` and ``flux`` in its truth, where they are estimates.
    """
    return [*_telling(written), *brightness_told(written, errors=errors)]


def colour_statements(written: Written) -> list[Statement]:
    """What texts say of the measured hardness."""
    return [*colours_told(written)]


def other_statements(written: Written) -> list[Statement]:
    """What texts say that no spectrum shows directly: variability, and the surroundings."""
    return [*_variability(written), _surroundings(written)]


def _class_statement(written: Written) -> Categorical:
    """The class that a text names, or the family of classes."""
    claims, classes = written.claims, list(CONFUSED_WITH)
    groups = sorted(set(GROUP_OF.values()))
    said = np.array([
        len(classes) + groups.index(GROUP_OF[believed]) if certainty == FAMILY else classes.index(believed)
        for believed, certainty in zip(claims.believed_class, claims.certainty, strict=True)
    ])  # fmt: skip
    is_named = np.array(claims.certainty) >= FAMILY
    is_read = written.is_discussed("nature") | (written.is_discussed("environment") & claims.told["environment"])
    error = written.noise.class_error
    table = np.zeros((len(classes), len(classes) + len(groups)))
    for row, name in enumerate(classes):
        table[row, row] = 1 - error
        for other in CONFUSED_WITH[name]:
            table[row, classes.index(other)] += error / len(CONFUSED_WITH[name])
    for column, group in enumerate(groups):
        members = [place for place, name in enumerate(classes) if GROUP_OF[name] == group]
        table[:, len(classes) + column] = table[:, members].sum(axis=1)
    true = [classes.index(name) for name in written.truth["source_class"]]
    return Categorical(table[true], np.where(is_named & is_read, said, -1))


def _kinds(written: Written) -> Iterator[Categorical]:
    """Which model describes the continuum, whether lines are those of a plasma, and what the second component is."""
    claims = written.claims
    continuum = np.array([_CONTINUA.index(name) for name in claims.continuum])
    in_words = np.array(claims.manner["continuum"]) != VAGUE
    yield _certain(continuum, written.is_told("continuum") & in_words)
    yield _certain((continuum == _CONTINUA.index("plasma")).astype(int), written.is_told("lines"))
    second = np.array([_SECOND.index(name) for name in claims.second])
    # Only these two are graded, by the share of the second component, which the literature knows without error.
    level = np.where(second >= 2, claims.level["second"], 0)
    yield _certain(4 * second + level, written.is_told("second"))


def _telling(written: Written) -> Iterator[Categorical]:
    """Which facts are told at all: of bright sources more."""
    known = {
        "hardness": written.variables["hard_hs"].notna().to_numpy(),
        "flux": written.truth["flux_cgs"].notna().to_numpy(),
    }
    for fact, probability in telling_probability(known_counts(written.truth), written.noise).items():
        told = np.clip(probability, 0, 1) * known.get(fact, True)
        said = np.where(written.is_discussed("spectrum"), written.claims.told[fact], -1)
        yield Categorical(np.stack([1 - told, told], axis=1), said.astype(int))


def _rarity(written: Written) -> Iterator[Categorical]:
    rarity = written.truth["rarity"].to_numpy(dtype=str)
    kinds = ["", *sorted(set(rarity) - {""})]
    true = np.array([kinds.index(name) for name in rarity])
    told = written.noise.strength * written.noise.rarity_told
    probability = np.zeros((len(rarity), len(kinds)))
    probability[np.arange(len(rarity)), true] = np.where(true > 0, told, 1.0)
    probability[true > 0, 0] = 1 - told
    yield Categorical(probability, np.where(written.claims.told["rarity"], true, 0))


def _variability(written: Written) -> Iterator[Categorical]:
    """The kind of light curve that is reported, or whether it varies at all."""
    true = np.array([_CURVES.index(name) for name in written.truth["light_curve"]])
    missed = missed_probability(written.truth, written.variables)
    probability = np.zeros((len(true), len(_CURVES)))
    probability[np.arange(len(true)), true] = 1 - missed
    probability[:, 0] += missed
    reported = np.array([_CURVES.index(name) for name in written.claims.light_curve])
    vague = np.array(written.claims.manner["variability"]) == VAGUE
    told = written.is_told("variability")
    yield Categorical(probability, np.where(told & ~vague, reported, -1))
    constant = probability[:, 0]
    yield Categorical(
        np.stack([constant, 1 - constant], axis=1), np.where(told & vague, (reported > 0).astype(int), -1)
    )


def _surroundings(written: Written) -> Categorical:
    """The kind of field that a text places its source in."""
    kinds = sorted(set(written.fields.kind))
    kind = np.array([kinds.index(name) for name in written.fields.kind])
    in_field = np.array(written.fields.field_of) >= 0
    host = written.truth["host"].to_numpy(dtype=str)
    is_in_plane = written.truth["n_h_galactic"].to_numpy() > PLANE_COLUMN
    _, place = np.unique(np.where(host != "", host, np.where(is_in_plane, "/plane", "/high")), return_inverse=True)
    # As often as sources of the same host, or of as much gas in front, are written about so.
    often = np.zeros((place.max() + 1, len(kinds)))
    np.add.at(often, (place, kind), 1.0)
    probability = (often / often.sum(axis=1, keepdims=True))[place]
    return Categorical(probability, np.where(in_field & written.is_discussed("environment"), kind, -1))


def _certain(kind: NDArray[np.int64], is_told: NDArray[np.bool_]) -> Categorical:
    """A fact that the literature, where it tells it, never gets wrong."""
    return Categorical(np.eye(kind.max() + 1)[kind], np.where(is_told, kind, -1))
