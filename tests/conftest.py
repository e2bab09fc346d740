"""Fixtures of the whole-program tests."""
import pytest

from engine import Workspace


@pytest.fixture
def work(tmp_path):
    return Workspace(tmp_path / "work")
