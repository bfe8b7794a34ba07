"""``alignlab train small-heads``: heads on the frozen latents of a run, from a terminal."""

from __future__ import annotations

import json
from typing import Any

import click

from alignlab.services.workspace import Catalogue


@click.command("small-heads")
@click.option("--preset", help='Recipe to begin with, such as "Gated MLP with intervals" [the first].')
@click.option("--recipe", "fields", default="{}", help='JSON with fields that differ, such as {"fusion": "average"}.')
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of random starts and folds.")
@click.option("--survey", "survey_name", help="Survey to use; the demo by default.")
@click.option("--run", "run_id", help="Run to use; the active one by default.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object.")
def small_heads_command(
    preset: str | None, fields: str, seed: int, survey_name: str | None, run_id: str | None, as_json: bool
) -> None:
    """Estimate variables and class from a run's frozen latents, with calibrated intervals; they join the run."""
    from alignlab.cli import progress_bar
    from alignlab.services.small_heads import train_small_heads
    from alignlab.services.small_heads_text import chosen_recipe, figures_text

    recipe = chosen_recipe(preset, fields)
    workspace = Catalogue().open_workspace(survey_name, run_id)
    with progress_bar("small heads") as on_step:
        heads = train_small_heads(workspace.survey, workspace.run, recipe, seed=seed, on_step=on_step)
    facts: dict[str, Any] = {"heads": heads.heads_id, "run": heads.run_id, "seed": seed, **heads.figures}
    click.echo(json.dumps(facts) if as_json else figures_text(heads))
