"""Formulas found again in numbers that were made with them."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from alignlab.analysis.formulas import Formula, fit_formulas, r_squared, resampled_r_squared

NAMES = ("a", "b", "c")
EVALUATIONS = 30_000


@pytest.fixture(scope="module")
def table() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 3))
    return x, 2.5 * x[:, 0] * x[:, 1] - 0.7 * x[:, 2] + 0.02 * rng.normal(size=400)


@pytest.fixture(scope="module")
def front(table) -> tuple[Formula, ...]:
    return fit_formulas(*table, names=NAMES, seed=1, max_evaluations=EVALUATIONS)


def evaluated(text: str, x: np.ndarray) -> np.ndarray:
    """The formula as it is read, computed by Python itself."""
    code = text.replace("²", "**2").replace("^", "**").replace("·", "*").replace("−", "-")
    tree = compile(ast.parse(code, mode="eval"), "formula", "eval")
    names = {"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "exp": np.exp, "tanh": np.tanh}
    return np.broadcast_to(eval(tree, {"__builtins__": {}}, names), len(x))


def test_the_formula_behind_the_numbers_is_on_the_front(table, front):
    x, y = table
    best = front[-1]
    assert r_squared(y, best.predict(x)[:, None])[0] > 0.999
    found = min((f for f in front if r_squared(y, f.predict(x)[:, None])[0] > 0.99), key=lambda f: f.complexity)
    assert found.variables == NAMES
    assert found.complexity <= 9
    new = np.random.default_rng(9).normal(size=(50, 3)) / 2
    np.testing.assert_allclose(found.predict(new), 2.5 * new[:, 0] * new[:, 1] - 0.7 * new[:, 2], atol=0.1)


def test_each_longer_formula_has_a_smaller_error(table, front):
    x, y = table
    errors = [1 - r_squared(y, formula.predict(x)[:, None])[0] for formula in front]
    assert errors == sorted(errors, reverse=True)
    assert [f.complexity for f in front] == sorted({f.complexity for f in front})


def test_what_is_printed_is_what_is_computed(table, front):
    x, y = table
    for formula in front:
        by_hand = np.clip(evaluated(formula.text, x), y.min(), y.max())
        np.testing.assert_allclose(formula.predict(x), by_hand, rtol=1e-9, atol=1e-12)
        assert (
            r"\alpha" in formula.latex({"a": r"\alpha", "b": r"\beta", "c": r"\gamma"}) or "a" not in formula.variables
        )


def test_the_same_seed_gives_the_same_formulas(table, front):
    again = fit_formulas(*table, names=NAMES, seed=1, max_evaluations=EVALUATIONS)
    assert [formula.text for formula in again] == [formula.text for formula in front]


def test_predictions_stay_where_the_values_were(table, front):
    _, y = table
    far = front[-1].predict(np.array([[1e6, 1e6, 0.0], [np.inf, 0.0, 0.0]]))
    assert far[0] == y.max()
    assert np.isfinite(far).all()


def test_bad_tables_are_refused():
    with pytest.raises(ValueError, match=r"x must have shape \(5, 2\)"):
        fit_formulas(np.ones((5, 3)), np.ones(5), names=("a", "b"), seed=0)
    with pytest.raises(ValueError, match="must be finite"):
        fit_formulas(np.full((5, 1), np.nan), np.ones(5), names=("a",), seed=0)


def test_r_squared_by_hand_and_resampled():
    y = np.array([1.0, 2, 3, 4])
    predicted = np.stack([y, np.full(4, 2.5), y[::-1]], axis=1)
    np.testing.assert_allclose(r_squared(y, predicted), [1, 0, -3])
    rng = np.random.default_rng(0)
    y = rng.normal(size=300)
    predicted = (y + rng.normal(size=300))[:, None] / 2
    drawn = resampled_r_squared(y, predicted, rng=np.random.default_rng(4), n_resamples=200)
    rows = np.repeat(np.arange(300), np.random.default_rng(4).multinomial(300, np.full(300, 1 / 300), size=200)[7])
    assert drawn[7, 0] == pytest.approx(r_squared(y[rows], predicted[rows])[0])
    assert drawn.mean() == pytest.approx(r_squared(y, predicted)[0], abs=0.02)
