"""One thread, as for the tests of training."""

from tests.training.conftest import one_thread

__all__ = ["one_thread"]
