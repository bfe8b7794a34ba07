"""Identifiers of papers as they are written, and where they lead."""

from __future__ import annotations

import pytest

from alignlab.services.paper_links import paper_link


@pytest.mark.parametrize(
    ("identifier", "address"),
    [
        ("2010ApJS..189...37E", "https://ui.adsabs.harvard.edu/abs/2010ApJS..189...37E/abstract"),
        ("2006A&A...449..475W", "https://ui.adsabs.harvard.edu/abs/2006A%26A...449..475W/abstract"),
        ("arXiv:2603.04516", "https://arxiv.org/abs/2603.04516"),
        ("astro-ph/0601234", "https://arxiv.org/abs/astro-ph/0601234"),
        ("doi:10.1088/0067-0049/189/1/37", "https://doi.org/10.1088/0067-0049/189/1/37"),
        ("sim:10:002460", ""),
        ("", ""),
        ("javascript:alert(1)", ""),
        ("2010 a paper of mine", ""),
    ],
)
def test_an_identifier_leads_to_where_the_paper_can_be_read(identifier, address):
    assert paper_link(identifier) == address
