"""Figures of compression, ablations and fusion as a job would have kept them, small and made up."""

from __future__ import annotations

from typing import Any

PROVENANCE = {
    "survey": "demo", "simulated": True, "origin": "simulated",
    "run": "paper-7f3a", "split": "test", "seed": 7, "n": 45, "n_pairs": 45,
}  # fmt: skip
CHANCE = {"recall_at_1_percent": 0.02, "recall_at_5_percent": 0.06, "median_rank": 23.0, "error_ratio": 1.0}


def quality(recall: float | None, error: float, *, change: float = 0.0) -> dict[str, Any]:
    """Four figures; the change is certain to a hundredth."""

    def figure(value: float, moved: float) -> dict[str, Any]:
        return {
            "value": value, "interval": [0.9 * value, 1.1 * value],
            "change": moved, "change_interval": [moved - 0.01, moved + 0.01],
        }  # fmt: skip

    told: dict[str, Any] = {"error_ratio": figure(error, -change)}
    for name, scale in (("recall_at_1_percent", 1.0), ("recall_at_5_percent", 2.0), ("median_rank", 10.0)):
        told[name] = None if recall is None else figure(scale * recall, change)
    return told


def compression() -> dict[str, Any]:
    """Bits lose, bytes do not."""
    steps = [
        ("raw", "raw spectrum and text", "float32", 1168, 4672, quality(None, 0.8, change=-0.2)),
        ("float32-128", "128 32-bit numbers", "float32", 128, 512, quality(0.2, 0.6)),
        ("int8-128", "128 8-bit numbers", "int8", 128, 128, quality(0.2, 0.6)),
        ("binary-128", "128 single bits", "binary", 128, 16, quality(0.1, 0.7, change=-0.1)),
    ]
    keys = ("name", "label", "coding", "numbers", "bytes")
    return {
        "provenance": PROVENANCE,
        "dimensions": {"bins": 400, "text": 768, "latent": 64, "shared": 128},
        "reference": "float32-128",
        "chance": CHANCE,
        "steps": [dict(zip(keys, step[:5], strict=True)) | step[5] for step in steps],
    }


def ablations(*, shuffled: float = 0.02) -> dict[str, Any]:
    """An aspect less costs; half of the pairs as well."""
    rows = [
        ("base", "the run's recipe", "base", 1.0, quality(0.2, 0.6)),
        ("spectrum_aligned", "estimates from the spectrum alone", "alone", 1.0, quality(None, 0.65)),
        ("other-seed", "another random start", "seed", 1.0, quality(0.2, 0.6)),
        ("without-nature", "without what the source is", "aspect", 1.0, quality(0.1, 0.6, change=-0.1)),
        ("loss-symmetric", "both directions", "loss", 1.0, quality(0.25, 0.6, change=0.05)),
        ("shuffled-1", "shuffled pairs", "shuffled", 1.0, quality(shuffled, 0.7, change=-0.18)),
        ("share-50-1", "50% of the training pairs", "share", 0.5, quality(0.15, 0.62, change=-0.05)),
    ]
    keys = ("name", "label", "group", "share")
    return {
        "provenance": PROVENANCE,
        "chance": CHANCE,
        "n_training_pairs": 200,
        "is_ensemble": False,
        "rows": [dict(zip(keys, row[:4], strict=True)) | row[4] for row in rows],
    }


def fusion() -> dict[str, Any]:
    """For the variables experts beat the spectrum alone, for the class nothing beats the texts alone."""

    def views(error: float, accuracy: float, *names: str) -> dict[str, Any]:
        told = {
            "error_ratio": {"value": error, "interval": [error - 0.01, error + 0.01]},
            "balanced_accuracy": {"value": accuracy, "interval": [accuracy - 0.01, accuracy + 0.01]},
        }
        return dict.fromkeys(names, told)

    rows = [
        ("spectrum-alone", "network, spectrum alone", views(0.5, 0.3, "all")),
        ("text-alone", "network, texts alone", views(0.7, 0.9, "all")),
        ("experts", "network, mixture of experts", views(0.45, 0.895, "all", "spectrum", "text")),
    ]
    return {
        "provenance": PROVENANCE,
        "n_folds": 5,
        "n_cross_validated": 250,
        "n_classes": 3,
        "rows": [
            {"name": name, "label": label, "family": "network", "test": told, "folds": told}
            for name, label, told in rows
        ],
    }
