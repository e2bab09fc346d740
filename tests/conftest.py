"""Fixtures of the whole-program tests."""
import pytest

pytest.register_assert_rewrite("own_database")

from engine import Workspace


@pytest.fixture
def work(tmp_path):
    return Workspace(tmp_path / "work")
