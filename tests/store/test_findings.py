"""Findings beside a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alignlab.errors import AlignlabError, DamagedArtefactError
from alignlab.store.findings import (
    Finding,
    delete_finding,
    finding_names,
    finding_stamp,
    read_finding,
    write_finding,
)

FINDING = Finding(arrays={"forest": np.linspace(0, 1, 5, dtype=np.float32)}, told={"representation": "both"})


def test_a_finding_comes_back_as_it_was_written(tmp_path: Path) -> None:
    write_finding(tmp_path, "outliers-both", 1, FINDING)
    found = read_finding(tmp_path, "outliers-both", 1)
    assert found is not None
    assert found.told == FINDING.told
    np.testing.assert_array_equal(found.arrays["forest"], FINDING.arrays["forest"])
    assert finding_stamp(tmp_path, "outliers-both") > 0


def test_what_is_not_there_or_of_an_older_version_is_none(tmp_path: Path) -> None:
    assert read_finding(tmp_path, "outliers-both", 1) is None
    assert finding_stamp(tmp_path, "outliers-both") == 0
    write_finding(tmp_path, "outliers-both", 1, FINDING)
    assert read_finding(tmp_path, "outliers-both", 2) is None


def test_names_can_be_listed_and_findings_deleted(tmp_path: Path) -> None:
    for name in ("outliers-both", "clusters-b", "clusters-a"):
        write_finding(tmp_path, name, 1, FINDING)
    assert finding_names(tmp_path, "clusters-") == ["clusters-a", "clusters-b"]
    delete_finding(tmp_path, "clusters-a")
    delete_finding(tmp_path, "clusters-a")
    assert finding_names(tmp_path) == ["clusters-b", "outliers-both"]


@pytest.mark.parametrize("content", [b"", b"no safetensors", b"\x10\0\0\0\0\0\0\0{}"])
def test_a_damaged_file_is_named_with_the_remedy(tmp_path: Path, content: bytes) -> None:
    write_finding(tmp_path, "outliers-both", 1, FINDING)
    (tmp_path / "findings" / "outliers-both.safetensors").write_bytes(content)
    with pytest.raises(DamagedArtefactError, match=r"outliers-both\.safetensors") as caught:
        read_finding(tmp_path, "outliers-both", 1)
    assert "Delete" in str(caught.value)


def test_a_name_cannot_lead_out_of_the_run(tmp_path: Path) -> None:
    with pytest.raises(AlignlabError):
        write_finding(tmp_path, "../outside", 1, FINDING)


def test_figures_must_be_finite(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_finding(tmp_path, "a", 1, Finding(arrays=FINDING.arrays, told={"auc": float("nan")}))
