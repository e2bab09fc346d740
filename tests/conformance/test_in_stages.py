# ctest: labels=conformance timeout=600
"""Extract, normalize and load one by one come to the same as one run: what other suites compare with dlt, done in three calls (script.h, STAGES)."""
import pytest

from test_arrow import (test_ids, test_ids_are_never_null_where_the_table_has_them, test_a_stream_as_the_data_of_a_run, test_a_table_with_ids_gives_them_to_rows_from_arrow, test_all_types_at_once_from_a_slice,  # noqa: F401
                        test_bad_batches, test_contract, test_contract_freezes, test_rows_as_items, test_several_batches, test_tables_by_row, test_types)
from test_sources import test_as_dlt as test_sources_as_dlt, test_refresh, test_two_sources_of_one_pipeline  # noqa: F401
from test_typed import test_as_dlt as test_typed_as_dlt, test_difference  # noqa: F401


@pytest.fixture(autouse=True)
def stages(monkeypatch):
    monkeypatch.setenv("STAGES", "1")
