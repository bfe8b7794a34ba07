"""Recipes made of alignment recipes: an ensemble, a search among many, and one training among them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, Self, get_args

from alignlab.errors import RecipeError
from alignlab.training.recipe import AlignmentRecipe, Loss, Range, Recipe

Strategy = Literal["grid", "random", "halving"]
KeepAs = Literal["runs", "ensemble"]
FollowedBy = Literal["nothing", "best heads"]
#: Most trials of one search.
MAX_TRIALS = 512
#: Fewest and most members of an ensemble.
MEMBERS_RANGE: Range = (2, 32)
#: Fields of an alignment recipe that a search varies, in the order of a picture's axes.
AXES = ("learning_rate", "dropout", "shared_dim", "hidden_dim", "hidden_layers", "batch_size", "loss")


class _MadeOfRecipes(Recipe):
    """A recipe with others inside it."""

    @classmethod
    def from_json(cls, text: str | Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote (or its parsed form); fields left out take their defaults.

        Raises
        ------
        RecipeError
            If it is no JSON object, another kind of recipe, or it or a recipe in it has an unknown field or a value
            out of range.
        """
        try:
            data = dict(json.loads(text)) if isinstance(text, str) else dict(text)
        except (ValueError, TypeError) as error:
            raise RecipeError(f"a recipe must be a JSON object: {error}") from error
        for name in ("base", "alignment"):
            if isinstance(data.get(name), Mapping):
                data[name] = AlignmentRecipe.from_json(data[name])
        return super().from_json(data)

    @classmethod
    def _inner(cls, name: str, value: Any) -> Any:
        """The value of a field that holds a recipe, made from its parsed JSON."""
        return (
            AlignmentRecipe.from_json(value) if name in ("base", "alignment") and isinstance(value, Mapping) else value
        )

    def _check_is_recipe(self, name: str) -> None:
        if not isinstance(value := getattr(self, name), AlignmentRecipe):
            raise RecipeError(f"{name} must be an alignment recipe, not {value!r}")


@dataclass(frozen=True, kw_only=True)
class TrialRecipe(_MadeOfRecipes):
    """One training among many: its heads are scored and kept for whoever asked, but published nowhere.

    Attributes
    ----------
    alignment : AlignmentRecipe
    continues : str
        Folder, below the data folder, of a trial of the same recipe with fewer epochs, whose checkpoint this one goes
        on from; where it is empty or gone, the training begins at the first epoch and ends with the same weights.
    """

    name: str = "trial"
    alignment: AlignmentRecipe = field(default_factory=AlignmentRecipe)
    continues: str = ""

    MEANINGS: ClassVar[dict[str, str]] = {
        "name": "Names the trial.",
        "alignment": "Recipe of the heads.",
        "continues": "Folder of the shorter trial that this one goes on from.",
    }

    def _check_together(self) -> None:
        self._check_is_recipe("alignment")
        parts = self.continues.split("/") if isinstance(self.continues, str) else [".."]
        if ".." in parts or self.continues.startswith("/"):
            raise RecipeError(f"continues must be a folder below the data folder, not {self.continues!r}")


@dataclass(frozen=True, kw_only=True)
class EnsembleMember:
    """One member of an ensemble: what it is trained with, and from which random start.

    Attributes
    ----------
    recipe : AlignmentRecipe
    seed : int
    """

    recipe: AlignmentRecipe
    seed: int


@dataclass(frozen=True, kw_only=True)
class EnsembleRecipe(_MadeOfRecipes):
    """Several trainings that answer together: a similarity is the mean of the members' similarities.

    Attributes
    ----------
    base : AlignmentRecipe
        What every member is trained with.
    n_members : int
        The members differ in their random start: the job's seed and those that follow it.
    members : tuple of EnsembleMember
        Members with recipes and seeds of their own, such as the best of a search. Where they are given, `base` is the
        first one's recipe and `n_members` their number, whatever was said.
    followed_by : {"nothing", "best heads"}
        Small heads that the job fits to the run as soon as it is published
        (`alignlab.training.small_heads_recipe.BEST_HEADS`); the run itself is the same without.
    """

    name: str = "ensemble"
    n_members: int = 5
    base: AlignmentRecipe = field(default_factory=AlignmentRecipe)
    members: tuple[EnsembleMember, ...] = ()
    followed_by: FollowedBy = "nothing"

    RANGES: ClassVar[dict[str, Range]] = {"n_members": MEMBERS_RANGE}
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {"followed_by": get_args(FollowedBy)}
    LATER: ClassVar[frozenset[str]] = frozenset({"followed_by"})
    MEANINGS: ClassVar[dict[str, str]] = {
        "name": "Begins the name of the ensemble's run.",
        "base": "Recipe of every member.",
        "n_members": "How many trainings from different random starts are combined by the mean of their similarities.",
        "members": "Members with recipes and seeds of their own, instead of one recipe with several seeds.",
        "followed_by": "Small heads for the 20 variables and the class, fitted when the run is there, or nothing.",
    }

    def __post_init__(self) -> None:
        if not isinstance(self.members, tuple):
            raise RecipeError(f"members must be a list, not {self.members!r}")
        if self.members:
            members = tuple(_member(value) for value in self.members)
            # One ensemble has one recipe, however it was written: the same members are the same job and the same run.
            for name, value in (("members", members), ("base", members[0].recipe), ("n_members", len(members))):
                object.__setattr__(self, name, value)
        super().__post_init__()

    def _check_together(self) -> None:
        self._check_is_recipe("base")
        if len(set(self.members)) < len(self.members):
            raise RecipeError("members must differ in recipe or seed: one counts twice")
        if {member.recipe.encoder for member in self.members} - {self.base.encoder}:
            raise RecipeError("members must share one encoder: a run stores the spectra as one encoder sees them")

    def trainings(self, seed: int) -> tuple[EnsembleMember, ...]:
        """What is trained: the members, or the base recipe from `n_members` seeds that begin with `seed`."""
        return self.members or tuple(
            EnsembleMember(recipe=self.base, seed=seed + number) for number in range(self.n_members)
        )


def _member(value: EnsembleMember | Mapping[str, Any]) -> EnsembleMember:
    """A member from itself or from its parsed JSON."""
    if isinstance(value, EnsembleMember):
        return value
    if not isinstance(value, Mapping) or set(value) != {"recipe", "seed"}:
        raise RecipeError(f"members must be objects with recipe and seed, not {value!r}")
    seed = value["seed"]
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise RecipeError(f"members must have a whole number from 0 as seed, not {seed!r}")
    return EnsembleMember(recipe=AlignmentRecipe.from_json(value["recipe"]), seed=seed)


@dataclass(frozen=True, kw_only=True)
class SearchRecipe(_MadeOfRecipes):
    """A search for a good alignment recipe, judged on the validation split; the test split is not looked at.

    Attributes
    ----------
    base : AlignmentRecipe
        Gives what is not varied.
    strategy : {"grid", "random", "halving"}
        Every combination of the values; `n_trials` random ones (Bergstra & Bengio 2012); or `n_trials` random ones of
        which only the best may go on to more epochs (successive halving, Jamieson & Talwalkar 2016).
    learning_rate, dropout, shared_dim, hidden_dim, hidden_layers, batch_size, loss : tuple
        Values to try; empty: the base's. A random search draws learning rates (evenly in their logarithm) and dropouts
        between the smallest and the largest value, and everything else from the values themselves. The defaults are
        the paper's ranges.
    n_trials : int
        Of a random search or a halving.
    eta : int
        In a halving one trial of so many goes on, to so many times the epochs.
    min_epochs : int
        In a halving, no trial is judged before it had so many epochs. The last round has the base's `max_epochs`.
    keep : int
        How many of the best trials come out of it.
    keep_as : {"runs", "ensemble"}
        Each as a run of its own, or together as one.
    """

    name: str = "search"
    strategy: Strategy = "halving"
    n_trials: int = 27
    learning_rate: tuple[float, ...] = (1e-4, 3e-4, 1e-3)
    dropout: tuple[float, ...] = (0.1, 0.3, 0.5)
    shared_dim: tuple[int, ...] = (16, 32, 64, 128)
    hidden_dim: tuple[int, ...] = (128, 256, 512)
    hidden_layers: tuple[int, ...] = ()
    batch_size: tuple[int, ...] = ()
    loss: tuple[Loss, ...] = ()
    eta: int = 3
    min_epochs: int = 5
    keep: int = 1
    keep_as: KeepAs = "runs"
    base: AlignmentRecipe = field(default_factory=AlignmentRecipe)

    RANGES: ClassVar[dict[str, Range]] = {
        "n_trials": (1, MAX_TRIALS),
        "eta": (2, 8),
        "min_epochs": (1, 1000),
        "keep": (1, 16),
    }
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {"strategy": get_args(Strategy), "keep_as": get_args(KeepAs)}
    MEANINGS: ClassVar[dict[str, str]] = {
        "name": "Begins the names of the runs that the search keeps.",
        "base": "Recipe that gives whatever the search does not vary.",
        "strategy": "Every combination of the values, random ones, or random ones of which only the best train on.",
        "learning_rate": "Learning rates to try; a random search draws between the smallest and the largest.",
        "dropout": "Dropouts to try; a random search draws between the smallest and the largest.",
        "shared_dim": "Dimensions of the shared space to try.",
        "hidden_dim": "Widths of the hidden layers to try.",
        "hidden_layers": "Numbers of hidden layers to try.",
        "batch_size": "Batch sizes to try.",
        "loss": "Losses to try.",
        "n_trials": "How many random combinations are tried.",
        "eta": "In a halving one trial of so many goes on, to so many times the epochs.",
        "min_epochs": "In a halving no trial is judged before so many epochs.",
        "keep": "How many of the best trials become runs.",
        "keep_as": "Whether the best trials become a run each, or one ensemble.",
    }

    def _check_together(self) -> None:
        self._check_is_recipe("base")
        for axis in AXES:
            values = getattr(self, axis)
            if not isinstance(values, tuple):
                raise RecipeError(f"{axis} must be a list of values, not {values!r}")
            for value in values:
                replace(self.base, **{axis: value})
            if len(set(values)) < len(values):
                raise RecipeError(f"{axis} must be a list of different values, not {list(values)}")
        if self.strategy == "halving" and self.min_epochs > self.base.max_epochs:
            raise RecipeError(
                f"min_epochs must be at most the base's max_epochs {self.base.max_epochs}, not {self.min_epochs}"
            )
        if self.strategy != "grid" and self.keep > self.n_trials:
            raise RecipeError(f"keep must be at most n_trials {self.n_trials}, not {self.keep}")
        if self.keep_as == "ensemble" and self.keep < MEMBERS_RANGE[0]:
            raise RecipeError(f"keep must be at least {MEMBERS_RANGE[0]:g} for an ensemble, not {self.keep}")
        self._check_number_of_trials()

    def _check_number_of_trials(self) -> None:
        n = self.n_combinations
        if self.strategy == "grid" and not self.keep <= n <= MAX_TRIALS:
            raise RecipeError(
                f"strategy grid must have {self.keep} (what is kept) to {MAX_TRIALS} combinations, not {n}",
                remedy="Give other numbers of values, or choose the random strategy.",
            )
        if self.strategy != "grid" and not self.draws_between and self.n_trials > n:
            raise RecipeError(f"n_trials must be at most {n}, the combinations of the values, not {self.n_trials}")

    @property
    def values(self) -> dict[str, tuple[Any, ...]]:
        """The axes that vary, and their values."""
        return {axis: getattr(self, axis) for axis in AXES if getattr(self, axis)}

    @property
    def n_combinations(self) -> int:
        """Number of combinations of the values."""
        product = 1
        for values in self.values.values():
            product *= len(values)
        return product

    @property
    def draws_between(self) -> bool:
        """Whether a random search has an axis on which it draws any number between two values."""
        return any(len(getattr(self, axis)) > 1 for axis in ("learning_rate", "dropout"))
