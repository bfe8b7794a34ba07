"""What language models and embedders cost, and how many tokens a text is, without asking anybody.

The prices lie in ``prices.json`` beside this file with the month in which they were noted. They change: whoever pays
compares them with the provider's list, or gives prices of their own.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

#: Characters of English prose to a token. On 2,734 real X-ray abstracts the tokenizers o200k_base and cl100k_base have
#: 4.6 at the median and 3.0 in the worst text, so that this counts some 15% too many.
_CHARACTERS_PER_TOKEN = 4
#: What a provider may add around the messages: roles, separators, the frame of a schema.
_FRAME_TOKENS = 64
_SNAPSHOT = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{4})$")
_FILE = Path(__file__).parent / "prices.json"


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a model costs.

    Attributes
    ----------
    input_usd, output_usd : float
        Dollars per million tokens.
    batch_share : float
        Share of it that the Batch API takes.
    """

    input_usd: float
    output_usd: float
    batch_share: float = 0.5

    def usd(self, input_tokens: int, output_tokens: int = 0, *, is_batch: bool = False) -> float:
        """What so many tokens cost."""
        whole = (input_tokens * self.input_usd + output_tokens * self.output_usd) / 1e6
        return whole * self.batch_share if is_batch else whole


@cache
def _table() -> dict:
    return json.loads(_FILE.read_text(encoding="utf-8"))


def prices_as_of() -> str:
    """Year and month of the table."""
    return str(_table()["as_of"])


def price_of(model: str, *, input_usd: float = 0.0, output_usd: float = 0.0) -> Price | None:
    """Price of a model: the one given, else that of the table; None where nobody knows.

    A dated snapshot (``gpt-4o-mini-2024-07-18``) costs what its model does.
    """
    share = float(_table()["batch_share"])
    if input_usd or output_usd:
        return Price(input_usd=input_usd, output_usd=output_usd, batch_share=share)
    known = _table()["models"]
    row = known.get(model) or known.get(_SNAPSHOT.sub("", model))
    return None if row is None else Price(input_usd=row["input"], output_usd=row["output"], batch_share=share)


def estimated_tokens(text: str) -> int:
    """Tokens of a text, at four characters to one: an estimate for a person."""
    return math.ceil(len(text) / _CHARACTERS_PER_TOKEN)


def most_tokens(text: str) -> int:
    """Tokens that a text cannot pass: a token is a byte at least. For budgets."""
    return len(text.encode("utf-8", "surrogatepass")) + _FRAME_TOKENS
