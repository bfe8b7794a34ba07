"""Names that suggest themselves for clusters, by rule and with the reasons: "hard, absorbed: AGN"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from alignlab.services.contrast import WordContrast
from alignlab.services.number_words import measured, number, percent
from alignlab.variables import BY_NAME

if TYPE_CHECKING:
    from alignlab.services.discover.cluster_profiles import VariableProfile

#: Cliff's delta of a large effect (Romano et al. 2006).
LARGE = 0.474
#: A class with this share of the classified sources names a cluster; two together with the second share name it both.
MOSTLY, MOSTLY_TWO = 0.5, 0.6
#: Variable → word for larger values, word for smaller ones. Of each only the first that applies of a line is used.
_ADJECTIVES: tuple[tuple[str, str, str], ...] = (
    ("hard_hs", "hard", "soft"),
    ("powlaw_nh", "absorbed", "unabsorbed"),
    ("var_prob_b", "variable", ""),
)
_MIXED, _UNKNOWN = "mixed", "unclassified"


def suggest_name(
    n: int,
    classes: Sequence[tuple[str, int]],
    variables: Sequence[VariableProfile],
    words: WordContrast | None,
) -> tuple[str, tuple[str, ...]]:
    """A name for a cluster and the reason for each of its words.

    Parameters
    ----------
    n : int
        Sources of the cluster.
    classes : sequence of (str, int)
        Known classes, the most frequent first.
    variables : sequence of VariableProfile
    words : WordContrast or None
        Where no class is frequent enough, the first words that distinguish it stand in the name.
    """
    adjectives, evidence = [], []
    by_name = {variable.name: variable for variable in variables}
    for name, more, less in _ADJECTIVES:
        variable = by_name.get(name)
        word = "" if variable is None else more if variable.delta >= LARGE else less if variable.delta <= -LARGE else ""
        if variable is not None and word:
            adjectives.append(word)
            evidence.append(f"{word}: {_reason(variable)}")
    kind, reason = _kind(n, classes, words)
    name = f"{', '.join(adjectives)}: {kind}" if adjectives else kind
    return name, (*evidence, f"{kind}: {reason}")


def told_apart(names: Sequence[str], brightness: Sequence[float], words: Sequence[WordContrast | None]) -> list[str]:
    """The names with what distinguishes those that several clusters share.

    Parameters
    ----------
    names : sequence of str
    brightness : sequence of float
        Cliff's delta of each cluster's counts: a cluster that is bright or faint is called so.
    words : sequence of WordContrast or None
        Else the first word that is not in the name already; where there is none, a number.
    """
    times = Counter(names)
    taken: set[str] = set()
    out = []
    for name, delta, said in zip(names, brightness, words, strict=True):
        candidates = [name] if times[name] == 1 else _further(name, delta, said)
        candidates += [f"{name} {place}" for place in range(1 if times[name] > 1 else 2, len(names) + 2)]
        chosen = next(candidate for candidate in candidates if candidate not in taken)
        taken.add(chosen)
        out.append(chosen)
    return out


def _further(name: str, delta: float, said: WordContrast | None) -> list[str]:
    bright = "bright" if delta >= LARGE else "faint" if delta <= -LARGE else ""
    new = [word for word in _first_words(said, 14) if not set(word.lower().split()) & set(name.lower().split())]
    return [f"{name} ({further})" for further in filter(None, [bright, *new[:3]])]


def _reason(profile: VariableProfile) -> str:
    variable = BY_NAME[profile.name]
    unit = f" {variable.display_unit}" if variable.unit else ""
    return (
        f"median {variable.label} {measured(variable, profile.median)}{unit} against "
        f"{measured(variable, profile.median_rest)} of the others (δ {_signed(profile.delta)}, n = {profile.n:,})"
    )


def _signed(delta: float) -> str:
    return f"{'+' if delta > 0 else ''}{number(delta, digits=2)}"


def _kind(n: int, classes: Sequence[tuple[str, int]], words: WordContrast | None) -> tuple[str, str]:
    classified = sum(count for _, count in classes)
    if not classified:
        said = _first_words(words, 2)
        if not said:
            return _UNKNOWN, f"none of its {n:,} sources has a class"
        return ", ".join(f"“{word}”" for word in said), f"none of its {n:,} sources has a class; words of their papers"
    first, count = classes[0]
    if count >= MOSTLY * classified:
        return first, f"{count:,} of {classified:,} classified sources ({percent(count / classified)})"
    if len(classes) > 1 and count + classes[1][1] >= MOSTLY_TWO * classified:
        second, more = classes[1]
        shares = f"{percent(count / classified)} and {percent(more / classified)} of {classified:,} classified sources"
        return f"{first} and {second}", shares
    reason = f"no two classes hold {MOSTLY_TWO:.0%} of {classified:,} classified sources; most are {first} ({count:,})"
    return f"{_MIXED}, mostly {first}", reason


def _first_words(words: WordContrast | None, most: int) -> list[str]:
    return [term.term for term in words.terms.more[:most]] if words is not None else []
