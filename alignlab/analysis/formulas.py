"""Short formulas for a number in terms of others: symbolic regression (Operon), rounded and simplified as printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import sympy

#: What a formula may be made of. No functions that are undefined for some numbers, except division.
SYMBOLS = "add,sub,mul,div,constant,variable,exp,tanh,square"
#: Longest formula that is tried, in Operon's count of nodes.
MAX_LENGTH = 20
#: Formulas that are tried: about 3 s on one core with 2,000 sources, and always the same ones.
MAX_EVALUATIONS = 120_000
#: Seconds after which the search ends whatever it has found: a safeguard, far from what it needs.
MAX_SECONDS = 300
_POPULATION = 500
_DIGITS = 3
#: A constant term smaller than this, in units of the fitted number, is left away.
_NEGLIGIBLE = 0.005


@dataclass(frozen=True, eq=False, kw_only=True)
class Formula:
    """A formula as it is printed: its constants have three digits, and `predict` computes with these.

    Attributes
    ----------
    expression : sympy.Expr
    names : tuple of str
        Columns of the table that it was fitted to.
    low, high : float
        Range of the values that it was fitted to; predictions are kept within.
    complexity : int
        Numbers, variables and operations in it.
    """

    expression: sympy.Expr = field(repr=False)
    names: tuple[str, ...]
    low: float
    high: float
    complexity: int

    @property
    def text(self) -> str:
        """The formula as plain text, such as ``1.46·tanh(2.33·x)``."""
        return str(self.expression).replace("**2", "²").replace("**", "^").replace("*", "·").replace("-", "−")

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the columns that it needs, in their order."""
        used = {str(symbol) for symbol in self.expression.free_symbols}
        return tuple(name for name in self.names if name in used)

    def latex(self, symbols: Mapping[str, str]) -> str:
        """The formula in LaTeX, each variable written as `symbols` says."""
        import sympy

        return str(sympy.latex(self.expression, symbol_names={sympy.Symbol(k): v for k, v in symbols.items()}))

    def predict(self, x: ArrayLike) -> NDArray[np.float64]:
        """Value for each row of `x`, shape (n, len(names)); what is undefined counts as the middle of the range."""
        import sympy

        columns = np.asarray(x, dtype=np.float64)
        function = sympy.lambdify([sympy.Symbol(name) for name in self.names], self.expression, modules="numpy")
        with np.errstate(all="ignore"):
            values = np.broadcast_to(np.asarray(function(*columns.T), dtype=np.float64), len(columns))
        return np.clip(np.where(np.isnan(values), (self.low + self.high) / 2, values), self.low, self.high)


def fit_formulas(
    x: ArrayLike, y: ArrayLike, *, names: Sequence[str], seed: int, max_evaluations: int = MAX_EVALUATIONS
) -> tuple[Formula, ...]:
    """Search for formulas of `y` in terms of the columns of `x`: the best for each complexity, simplest first.

    The search is genetic programming with two aims, a small error and a short formula (NSGA-II), constants fitted by
    least squares (Operon: Burlacu, Kronberger & Kommenda 2020, doi:10.1145/3377929.3398099).

    Parameters
    ----------
    x : array_like, shape (n, m)
        Finite.
    y : array_like, shape (n,)
        Finite; best in units of its standard deviation, since constants are rounded.
    names : sequence of str
        Of the columns; each a Python identifier.
    seed : int
        The same seed gives the same formulas.
    max_evaluations : int

    Returns
    -------
    tuple of Formula
        Each with a smaller error than all simpler ones; empty where nothing is better than the mean.

    Raises
    ------
    ValueError
        If shapes disagree or a value is not finite.
    """
    from pyoperon.sklearn import SymbolicRegressor

    columns, target = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if columns.shape != (len(target), len(names)) or len(target) < 3:
        raise ValueError(f"x must have shape ({len(target)}, {len(names)}) with at least 3 rows, not {columns.shape}")
    if not (np.isfinite(columns).all() and np.isfinite(target).all()):
        raise ValueError("x and y must be finite")
    search = SymbolicRegressor(
        allowed_symbols=SYMBOLS,
        objectives=["r2", "length"],
        max_length=MAX_LENGTH,
        max_depth=6,
        optimizer_iterations=5,
        generations=10_000,
        max_evaluations=max_evaluations,
        population_size=_POPULATION,
        max_time=MAX_SECONDS,
        n_threads=1,
        random_state=seed % 2**32,
    ).fit(columns, target)
    found = [
        search.get_model_string(model["tree"], 6, list(names)) for model in search.pareto_front_ if model["variables"]
    ]
    formulas = [_formula(infix, tuple(names), target) for infix in found]
    return _front([formula for formula in formulas if _is_readable(formula.expression)], columns, target)


def r_squared(y: ArrayLike, predicted: ArrayLike) -> NDArray[np.float64]:
    """Part of the variance of `y`, shape (n,), that each column of `predicted`, (n, m), explains; 1 is all of it."""
    target, values = np.asarray(y, dtype=np.float64)[:, None], np.asarray(predicted, dtype=np.float64)
    return np.asarray(1 - ((target - values) ** 2).mean(axis=0) / target.var())


def resampled_r_squared(
    y: ArrayLike, predicted: ArrayLike, *, rng: np.random.Generator, n_resamples: int = 1000
) -> NDArray[np.float64]:
    """`r_squared` when the sources are drawn anew, the same draws for all columns; shape (n_resamples, m)."""
    target, values = np.asarray(y, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    n = len(target)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=n_resamples) / n
    mean = weights @ target
    variance = weights @ target**2 - mean**2
    return np.asarray(1 - (weights @ (target[:, None] - values) ** 2) / variance[:, None])


def _formula(infix: str, names: tuple[str, ...], target: NDArray[np.float64]) -> Formula:
    import sympy

    symbols = {name: sympy.Symbol(name) for name in names}
    expression = _rounded(sympy.sympify(infix.replace("^", "**"), locals=symbols))
    return Formula(
        expression=expression,
        names=names,
        low=float(target.min()),
        high=float(target.max()),
        complexity=sum(1 for _ in sympy.preorder_traversal(expression)),
    )


def _rounded(expression: sympy.Expr) -> sympy.Expr:
    import sympy

    for _ in range(2):  # rounding makes ones, and ones make terms that can be joined
        numbers = {number: _number(number) for number in expression.atoms(sympy.Float)}
        expression = expression.xreplace(numbers)
    terms = [t for t in sympy.Add.make_args(expression) if not (t.is_number and abs(t) < _NEGLIGIBLE)]
    return sympy.Add(*terms)


def _number(number: sympy.Float) -> sympy.Number:
    import sympy

    rounded = float(f"{float(number):.{_DIGITS}g}")
    return sympy.Integer(int(rounded)) if rounded in (-1, 0, 1) else sympy.Float(str(rounded), _DIGITS)


def _is_readable(expression: sympy.Expr) -> bool:
    """Whether it has variables, and no function of a function."""
    import sympy

    functions = expression.atoms(sympy.tanh, sympy.exp)
    nested = any(inner.atoms(sympy.tanh, sympy.exp) for outer in functions for inner in outer.args)
    return bool(expression.free_symbols) and not nested


def _front(formulas: list[Formula], x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[Formula, ...]:
    scored = sorted(
        (
            (formula.complexity, -float(r_squared(y, formula.predict(x)[:, None])[0]), formula.text, formula)
            for formula in formulas
        ),
        key=lambda item: item[:3],
    )
    front: list[Formula] = []
    best = 0.0
    for _, loss, _, formula in scored:
        if loss < best:
            front.append(formula)
            best = loss
    return tuple(front)
