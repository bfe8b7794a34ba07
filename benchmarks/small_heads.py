"""Small heads compared: every method and fusion on the latents of a run, as the table of docs/small-heads.md.

    python benchmarks/small_heads.py --survey demo --seed 0

Heads that exist are read, not fitted again; what is printed comes from the published artefacts.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from alignlab.services.small_heads import train_small_heads
from alignlab.services.workspace import Catalogue
from alignlab.store.heads import SmallHeads
from alignlab.training.small_heads_recipe import SmallHeadsRecipe

BOTH = ("spectrum", "text")
#: Method, fusion and modalities, the quick ones first.
TRIALS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("ridge", "concatenate", ("spectrum",)),
    ("ridge", "concatenate", BOTH),
    ("ridge", "average", BOTH),
    ("mlp-gaussian", "concatenate", BOTH),
    ("mlp-gaussian", "weighted-sum", BOTH),
    ("mlp-gaussian", "gated", BOTH),
    ("mlp-gaussian", "cross-attention", BOTH),
    ("mlp-gaussian", "mixture-of-experts", BOTH),
    ("mlp-quantile", "gated", BOTH),
    ("knn", "concatenate", BOTH),
    ("knn", "average", BOTH),
    ("mlp-gaussian", "average", BOTH),
    ("ridge", "stacking", BOTH),
    ("mlp-gaussian", "concatenate", ("spectrum",)),
    ("knn", "stacking", BOTH),
    ("mlp-gaussian", "stacking", BOTH),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--survey", default=None)
    parser.add_argument("--run", default=None)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=len(TRIALS), help="How many of the trials.")
    options = parser.parse_args()
    workspace = Catalogue().open_workspace(options.survey, options.run)
    lines = []
    for method, fusion, modalities in TRIALS[: options.first]:
        recipe = SmallHeadsRecipe(
            name=f"{method}-{fusion}",
            method=method,
            fusion=fusion,
            modalities=modalities,  # type: ignore[arg-type]
        )
        print(recipe.name, modalities, file=sys.stderr, flush=True)
        heads = train_small_heads(workspace.survey, workspace.run, recipe, seed=options.seed)
        lines.append(row(heads, method, fusion, modalities))
    print(workspace.provenance, f"· heads' seed {options.seed}")
    print("\n".join([*HEADER, *lines]))


HEADER = (
    "| method | fusion | reads | MAE / mean's | spectrum alone | text alone | 68% holds | 95% holds "
    "| balanced accuracy | spectrum alone | text alone | average precision |",
    "|---|---|---|---|---|---|---|---|---|---|---|---|",
)


def row(heads: SmallHeads, method: str, fusion: str, modalities: tuple[str, ...]) -> str:
    variables, classes = heads.figures["variables"]["test"], heads.figures["class"]["test"]
    cells = [method, fusion, " + ".join(modalities), figure(variables, "all", "mean_relative_mae")]
    cells += [figure(variables, view, "mean_relative_mae") for view in BOTH]
    cells += [f"{variables['all'][f'mean_coverage_{level}']:.1%}" for level in (68, 95)]
    cells += [figure(classes, view, "balanced_accuracy") for view in ("all", *BOTH)]
    return "| " + " | ".join([*cells, figure(classes, "all", "average_precision")]) + " |"


def figure(views: dict[str, Any], view: str, name: str) -> str:
    if view not in views or views[view][name] is None:
        return "–"
    low, high = views[view][f"{name}_interval"]
    return f"{views[view][name]:.3f} ({low:.3f}–{high:.3f})"


if __name__ == "__main__":
    main()
