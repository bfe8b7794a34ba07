"""Figures that Pinciroli Vago et al. 2026 (arXiv:2603.04516) publish, as far as we have them; on observed sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

REFERENCE = "Pinciroli Vago et al. 2026, arXiv:2603.04516"
#: Retrieval on its test split, the means of its Table 2, the part of the raw numbers that compression saves, and by how
#: much the best estimates improve on those from the spectrum alone (abstract: 16 to 18%).
PAPER: Mapping[str, Any] = {
    "retrieval": {"recall_at_1_percent": 0.20, "recall_at_5_percent": 0.50, "median_rank": 84, "n_candidates": 1719},
    "correlations": {"spectrum": 0.43, "text": 0.30, "both": 0.55},
    "compression_saved": 0.97,
    "improvement_percent": (16.0, 18.0),
}
#: Mean absolute errors of its mixture of experts (its Table 3) by name of the variable. Empty: they are not to be had
#: offline. Once filled, the table of Parameters has a column for them.
PAPER_MAE: Mapping[str, float] = {}
