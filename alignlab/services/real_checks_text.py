"""The report on real data: estimates one by one, and the errors on a survey with a real catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from alignlab.services.csc_checks import COMPARED, Agreement, ClusteredError
from alignlab.services.evaluate.table import Cell, Column, Table
from alignlab.services.real_checks import LEAST_COUNTS, Check, Reading, RealChecks
from alignlab.services.real_estimates import TOLERANCES
from alignlab.store.survey import Survey
from alignlab.variables import BY_NAME

_MISSED, _NEAR = "no", "yes"


def checks_tables(found: RealChecks) -> list[Table]:
    """How the estimator was chosen, each variable one by one, and what no catalogue knows."""
    return [
        _validation_table(found),
        *(_variable_table(found, name) for name in TOLERANCES),
        _uncatalogued_table(found),
    ]


def checks_text(found: RealChecks) -> str:
    """Findings, then every table, as Markdown."""
    lines = ["## Real observations, estimated one by one", "", *_findings(found), ""]
    lines += [f"- Left out: {problem}" for problem in found.problems]
    return "\n".join([*lines, *(table.to("markdown") for table in checks_tables(found))])


def resimulated_text(
    survey: Survey, run_id: str, agreement: Sequence[Agreement], errors: Sequence[ClusteredError], table_3: str
) -> str:
    """The survey of catalogued detections: what it is, how far its photons agree with the catalogue, its Table 3."""
    names, split, recipe = survey.sources["name"], survey.split, survey.meta.recipe
    n_test, n_test_sources = int((split == "test").sum()), names[split == "test"].nunique()
    classes = names[survey.sources["source_class"] != ""].nunique()
    models = ", ".join(
        f"{model.replace('powerlaw', 'power law')} {n:,}" for model, n in dict(recipe["spectral_models"]).items()
    )
    lines = [
        f"## Survey {survey.name}: {survey.origin}",
        "",
        _error_finding(errors),
        "",
        f"{survey.n_sources:,} detections of {names.nunique():,} sources, of {recipe['n_rows']:,} rows of the "
        f"catalogue. Each detection's spectrum was drawn from its own catalogued absorbed fit ({models}), folded "
        "through the analytic response of its chips, year and off-axis angle, at its own exposure, the expectation of "
        "its counts being the catalogued one, background included. The power law is used unless another model's "
        "statistic per degree of freedom is smaller by more than 0.2. The 20 variables and their limits are the real, "
        "catalogued ones; those that the catalogue lacks (all of the plasma fit) stay missing. No arrival times are "
        "made up.",
        "",
        f"The literature is simulated, once per source, from its real class (known for {classes:,} of "
        f"{names.nunique():,} sources; the others get one paper without a class and a summary of the spectrum alone) "
        "and from the fit of its brightest detection. All detections of a source are in one split: "
        + ", ".join(f"{part} {int((split == part).sum()):,}" for part in ("train", "calibration", "validation", "test"))
        + f" detections. The test split's {n_test:,} detections are of {n_test_sources:,} sources.",
        "",
        *(f"- {message}" for message in recipe.get("left_out", [])),
        "",
        _agreement_table(agreement, survey).to("markdown"),
        _clustered_table(errors, survey, run_id, n_test, n_test_sources).to("markdown"),
        "The tables below are those of `alignlab evaluate --part parameters`; their intervals resample detections one "
        "by one and are too narrow by what the table above shows.",
        "",
        table_3,
    ]
    return "\n".join(lines)


def _error_finding(errors: Sequence[ClusteredError]) -> str:
    told = {e.representation: e for e in errors}
    best = min(errors, key=lambda e: e.value)
    both, text = told["both"], told["text"]
    return (
        f"On real catalogued values the smallest error is that of neighbours by {_in_words(best)}: {best.value:.2f} "
        f"({best.low:.2f} to {best.high:.2f}) of that of always answering the mean. Spectrum and text together (after "
        f"alignment) have {both.value:.2f} ({both.low:.2f} to {both.high:.2f}), the text alone (before) "
        f"{text.value:.2f} ({text.low:.2f} to {text.high:.2f}): most of these sources have no known class, and so "
        "little is written about them."
    )


def _in_words(error: ClusteredError) -> str:
    return COMPARED[error.representation].replace(",", "") + " alignment"


def _findings(found: RealChecks) -> list[str]:
    best = found.validation[found.estimator]
    lines = [
        f"Run {found.run} on survey {found.survey}, seed {found.seed}. Estimator: {found.estimator}. Of "
        f"{len(found.validation)} estimators that need no papers it has the smallest error on the "
        f"{found.n_validation:,} sources of that survey's validation split ({np.mean(list(best.values())):.3f} of the "
        "training mean's, averaged over the variables compared). No real observation entered that choice.",
        "",
    ]
    for name, tolerance in TOLERANCES.items():
        known = [check for check in found.checks if check.variable == name and np.isfinite(check.catalogued)]
        if not known:
            continue
        estimated = sum(check.passes(check.estimated.value) for check in known)
        blind = sum(check.passes(check.training_mean) for check in known)
        timed = [check for check in known if check.measured.is_known]
        measured = sum(check.passes(check.measured.value) for check in timed)
        beside = f"; measured from the photons, {measured} of {len(timed)}" if timed else ""
        held = [sum(_holds(check, level) for check in known) for level in (68, 95)]
        lines.append(
            f"- **{BY_NAME[name].label}**: {estimated} of {len(known)} estimates are within {tolerance:g} of the "
            f"catalogue{beside}; always answering the training mean, {blind}. The 68% intervals hold {held[0]}, the "
            f"95% intervals {held[1]} of {len(known)} catalogued values."
        )
    return [*lines, *_without_catalogue(found.checks), "", *_failures(found.checks)]


def _without_catalogue(checks: Sequence[Check]) -> list[str]:
    """How many estimates come near our own measurement where no catalogue has the value."""
    told = []
    for name, tolerance in TOLERANCES.items():
        own = [c for c in checks if c.variable == name and np.isnan(c.catalogued) and c.measured.is_known]
        near = sum(abs(c.estimated.value - c.measured.value) <= tolerance for c in own)
        if own:
            told.append(f"{BY_NAME[name].label} {near} of {len(own)}")
    return [f"- Without a catalogued value, near our own measurement: {', '.join(told)}."] if told else []


def _failures(checks: Iterable[Check]) -> list[str]:
    """What misses, and what could be found out about it."""
    missed = [c for c in checks if np.isfinite(c.catalogued) and not c.passes(c.estimated.value)]
    if not missed:
        return []
    rescued = [c for c in missed if c.by_chips and any(c.passes(value) for value in c.by_chips.values())]
    lines = [f"{len(missed)} values miss. "]
    if rescued:
        lines[0] += (
            f"For {len(rescued)} of them the file does not say on which chips the photons were counted, and the "
            "hardness measured with the area of one kind of chips passes: a spectrum alone cannot tell soft photons "
            "that the chips lost from soft photons that never came."
        )
    lines += ["", *(_told_of(c) for c in missed)]
    return lines


def _told_of(check: Check) -> str:
    seen = f" (seen in {check.year:.0f})" if np.isfinite(check.year) else ""
    parts = [f"catalogued {_number(check.catalogued)}", f"estimated {_told(check.estimated)}"]
    if check.measured.is_known:
        parts.append(f"measured {_told(check.measured)}")
    parts += [f"{_number(value)} if on {chips}" for chips, value in check.by_chips.items()]
    return f"- {check.source}{seen}, {BY_NAME[check.variable].label}: {', '.join(parts)}"


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _told(reading: Reading) -> str:
    return f"{_number(reading.value)} ({_number(reading.low)} to {_number(reading.high)})"


def _holds(check: Check, level: int) -> bool:
    low, high = (check.estimated.low, check.estimated.high) if level == 68 else (check.low_95, check.high_95)
    return bool(low <= check.catalogued <= high)


def _validation_table(found: RealChecks) -> Table:
    columns = [Column("estimator", "estimator"), *(Column(name, BY_NAME[name].label, ".3f") for name in TOLERANCES)]
    columns.append(Column("mean", "mean", ".3f"))
    rows = [
        [
            Cell(name),
            *(Cell(errors[variable]) for variable in TOLERANCES),
            Cell(float(np.mean(list(errors.values()))), is_best=name == found.estimator),
        ]
        for name, errors in found.validation.items()
    ]
    return Table(
        name="real_estimators",
        title="Which estimator: errors on simulated sources",
        caption=f"Mean absolute error over that of always answering the training mean; survey {found.survey}, run "
        f"{found.run}, validation split, n = {found.n_validation:,}, seed {found.seed}. Underlined: the one used.",
        columns=columns,
        rows=rows,
    )


def _variable_table(found: RealChecks, name: str) -> Table:
    checks = [c for c in found.checks if c.variable == name and np.isfinite(c.catalogued)]
    beside = any(c.measured.is_known for c in checks)
    columns = [
        Column("source", "source"),
        Column("net_counts", "net counts", ",.0f"),
        Column("catalogued", "catalogued", ".2f"),
        Column("estimated", "estimated (68%)", ".2f"),
        Column("interval_95", "95% interval"),
        Column("difference", "difference", "+.2f"),
        Column("passes", f"within {TOLERANCES[name]:g}"),
    ]
    if beside:
        columns += [Column("measured", "from photons (68%)", ".2f"), Column("measured_passes", "within")]
    rows = []
    for c in checks:
        row = [
            Cell(c.source), Cell(c.net_counts), Cell(c.catalogued), _cell(c.estimated),
            Cell(f"{_number(c.low_95)} to {_number(c.high_95)}" if np.isfinite(c.low_95) else None),
            Cell(c.estimated.value - c.catalogued), Cell(_NEAR if c.passes(c.estimated.value) else _MISSED),
        ]  # fmt: skip
        if beside:
            row += [_cell(c.measured), Cell(_NEAR if c.passes(c.measured.value) else _MISSED)]
        rows.append(row)
    return Table(
        name=f"real_{name}",
        title=f"{BY_NAME[name].label}, against the catalogue",
        caption=f"Observations above {LEAST_COUNTS:g} net counts whose catalogue has the value: n = {len(checks)}. "
        f"Estimated with run {found.run} by: {found.estimator}, seed {found.seed}, with 68% and 95% intervals; "
        "counts are those in the file, which may be a sample of the observation's.",
        columns=columns,
        rows=rows,
    )


def _uncatalogued_table(found: RealChecks) -> Table:
    checks = [c for c in found.checks if not np.isfinite(c.catalogued) and c.measured.is_known]
    columns = [
        Column("source", "source"),
        Column("file", "file"),
        Column("variable", "variable"),
        Column("net_counts", "net counts", ",.0f"),
        Column("estimated", "estimated (68%)", ".2f"),
        Column("measured", "measured by us (68%)", ".2f"),
        Column("difference", "difference", "+.2f"),
    ]
    rows = [
        [
            Cell(c.source), Cell(c.file), Cell(BY_NAME[c.variable].label), Cell(c.net_counts), _cell(c.estimated),
            _cell(c.measured), Cell(c.estimated.value - c.measured.value),
        ]
        for c in checks
    ]  # fmt: skip
    return Table(
        name="real_uncatalogued",
        title="No catalogued value: against our own measurement",
        caption="Observations whose catalogue has no such value at hand (for a spectrum: no detection of its ObsID "
        f"within 3 arcsec of its position). Hardness from the photons, photon index by our own fit; n = {len(checks)}.",
        columns=columns,
        rows=rows,
    )


def _agreement_table(agreement: Sequence[Agreement], survey: Survey) -> Table:
    columns = [
        Column("variable", "variable"),
        Column("n", "n", ",d"),
        Column("bias", "median difference", "+.3f"),
        Column("spread", "median size of it", ".3f"),
        Column("within", "catalogued value inside our 68% interval", ".0f", as_percent=True),
    ]
    rows = [
        [Cell(BY_NAME[a.variable].label), Cell(a.n), Cell(a.bias), Cell(a.spread), Cell(a.within_limits)]
        for a in agreement
    ]
    return Table(
        name="resim_agreement",
        title="Are the simulated photons like the real ones?",
        caption="Hardness measured from the simulated photons less the catalogued one, which real photons gave; survey "
        f"{survey.name} ({survey.origin}), all splits, seed {survey.meta.seed}. Both sides have the noise of their own "
        "photons: were fits and response perfect, the last column would be near 52%.",
        columns=columns,
        rows=rows,
    )


def _clustered_table(
    errors: Sequence[ClusteredError], survey: Survey, run_id: str, n_test: int, n_sources: int
) -> Table:
    best = min(errors, key=lambda e: e.value)
    rows = [[Cell(COMPARED[e.representation]), Cell(e.value, e.low, e.high, is_best=e is best)] for e in errors]
    return Table(
        name="resim_clustered",
        title="Errors with sources kept together",
        caption="Mean over the variables of the mean absolute error over that of always answering the training mean; "
        "mean of the 3 nearest training detections, which are of other sources. "
        f"Survey {survey.name} ({survey.origin}), run {run_id}, test split, n = {n_test:,} detections of "
        f"{n_sources:,} sources, 95% intervals from bootstraps over sources.",
        columns=[Column("estimated_from", "estimated from"), Column("ratio", "error / that of the mean", ".3f")],
        rows=rows,
    )


def _cell(reading: Reading) -> Cell:
    return Cell(reading.value, reading.low, reading.high) if reading.is_known else Cell(None)
