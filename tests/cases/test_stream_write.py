# ctest: labels=cases timeout=120
"""spile_stream_write() on streams of others: pyarrow's, of any type, sliced, and such as are not valid. Expected values are those that the stream was made of."""
import ctypes
import datetime
import decimal
import io
import json

import pyarrow as pa
import pyarrow.ipc
import pytest

from engine import SANITIZED, place

pytestmark = pytest.mark.skipif(SANITIZED, reason="Python would have to be started with the sanitizer")
TABLE, CSV, JSONL, ARROW, ARROW_STREAM = range(5)
USAGE, DESTINATION = 2, 5


class Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("retriable", ctypes.c_bool), ("message", ctypes.c_char * 512), ("where", ctypes.c_char * 512), ("hint", ctypes.c_char * 512)]


class Options(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("format", ctypes.c_int), ("width", ctypes.c_uint), ("limit", ctypes.c_uint64)]


SINK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)


def write(reader, format=JSONL, limit=0, width=0, refuse=0):
    """(status, bytes, rows, error)"""
    stream, rows, error, pieces = ctypes.create_string_buffer(40), ctypes.c_uint64(), Error(), []

    @SINK
    def sink(_, data, length, __):
        pieces.append(ctypes.string_at(data, length))
        return refuse

    reader._export_to_c(ctypes.addressof(stream))
    options = Options(ctypes.sizeof(Options), format, width, limit)
    status = ctypes.CDLL(place("SPILE_LIB")).spile_stream_write(stream, ctypes.byref(options), sink, None, ctypes.byref(rows), ctypes.byref(error))
    assert stream.raw[24:32] == bytes(8), "the stream is released"
    return status, b"".join(pieces), rows.value, error


def reader_of(*arrays):
    """Two rows at a time."""
    return pa.table(list(arrays), names=[f"c{i}" for i in range(len(arrays))]).to_reader(max_chunksize=2)


def rebuilt(reader):
    """Batches that begin at their arrays' begin."""
    batches = [pa.record_batch([column.take(pa.array(range(len(column)))) for column in batch.columns], schema=reader.schema) for batch in reader]
    return pa.RecordBatchReader.from_batches(reader.schema, batches)


def values(array, **options):
    status, got, rows, error = write(reader_of(array), **options)
    assert status == 0, error.message
    assert rows == len(array)
    return [json.loads(line, parse_float=decimal.Decimal)["c0"] for line in got.decode().splitlines()]


D = decimal.Decimal
TYPES = [
    (pa.array([1.5, None, 0.1], pa.float16()), [D("1.5"), None, D("0.099976")]),
    (pa.array([D("1.23"), None, D("-0.05")], pa.decimal32(5, 2)), [D("1.23"), None, D("-0.05")]),
    (pa.array([D("1.23"), D("-99999999999.99")], pa.decimal64(18, 2)), [D("1.23"), D("-99999999999.99")]),
    (pa.array([D("1" * 60 + "." + "2" * 16), D("-0." + "0" * 15 + "1"), D(0), None], pa.decimal256(76, 16)),
     [D("1" * 60 + "." + "2" * 16), D("-0." + "0" * 15 + "1"), D("0." + "0" * 16), None]),
    (pa.array([0, -1, 86400000], pa.int64()).cast(pa.int64()).view(pa.date64()), ["1970-01-01", "1969-12-31", "1970-01-02"]),
    (pa.array([1, 86399], pa.int32()).view(pa.time32("s")), ["00:00:01", "23:59:59"]),
    (pa.array([1, 1500], pa.int32()).view(pa.time32("ms")), ["00:00:00.001", "00:00:01.500"]),
    (pa.array([1, 1500, 0], pa.int64()).view(pa.time64("ns")), ["00:00:00.000000001", "00:00:00.000001500", "00:00:00"]),
    (pa.array([datetime.timedelta(days=1, seconds=-1), None], pa.duration("us")), ["PT23H59M59S", None]),
    (pa.array([-1500], pa.duration("ms")), ["PT-1.5S"]),
    (pa.array([(14, -3, 1500000000)], pa.month_day_nano_interval()), ["P1Y2M-3DT1.5S"]),
    (pa.array(["a", None, "b", "a"]).dictionary_encode(), ["a", None, "b", "a"]),
    (pa.array([b"\0\xff", b""], pa.large_binary()), ["AP8=", ""]),
    (pa.array([b"abc"], pa.binary(3)), ["YWJj"]),
    (pa.array(["view", "longer than twelve bytes", None], pa.string_view()), ["view", "longer than twelve bytes", None]),
    (pa.array([[1, 2], None, []], pa.large_list(pa.int8())), [[1, 2], None, []]),
    (pa.array([[("a", 1), ("b", None)], []], pa.map_(pa.string(), pa.int64())), [{"a": 1, "b": None}, {}]),
    (pa.array([None, None], pa.null()), [None, None]),
    (pa.UnionArray.from_dense(pa.array([0, 1, 1], pa.int8()), pa.array([0, 0, 1], pa.int32()), [pa.array([5]), pa.array(["x", None])]), [5, "x", None]),
    (pa.array(['{"a": [1, 2.50], "b": 18446744073709551616}', "not JSON", None]).cast(pa.string()), ['{"a": [1, 2.50], "b": 18446744073709551616}', "not JSON", None]),
]


@pytest.mark.parametrize(("array", "want"), TYPES, ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "")
def test_types(array, want):
    got = values(array)
    if pa.types.is_float16(array.type):
        got[2] = round(got[2], 6)
    assert got == want


def test_json_columns_are_json():
    array = pa.array(['{"a": [1,\n 2.50]}', "no", None], pa.json_())
    assert values(array) == [{"a": [1, D("2.50")]}, "no", None]


def test_slices():
    """Arrays that begin and end within others, nested ones, too."""
    whole = pa.array([{"l": [i, i + 1], "s": str(i)} for i in range(10)])
    _, got, _, _ = write(pa.table([whole.slice(3, 5), pa.array(range(10)).slice(3, 5)], names=["a", "b"]).to_reader())
    assert [json.loads(line) for line in got.decode().splitlines()] == [{"a": {"l": [i, i + 1], "s": str(i)}, "b": i} for i in range(3, 8)]


def test_bad_utf8_is_replaced():
    array = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\4\0\0\0"), pa.py_buffer(b"a\xffb\xc3")])
    assert values(array) == ["a\ufffdb\ufffd"]


@pytest.mark.parametrize("format", [TABLE, CSV, JSONL, ARROW, ARROW_STREAM])
@pytest.mark.parametrize("limit", [0, 1, 2, 3, 5, 9])
def test_limits(format, limit):
    arrays = [pa.array([1, None, 3, 4, 5]), pa.array(["a", "b", None, "d", "e"]), pa.array([[1], None, [2, 3], [], [4]]), pa.array(["x", "y", "x", None, "y"]).dictionary_encode()]
    reader = reader_of(*arrays)
    status, got, rows, error = write(rebuilt(reader) if format in (ARROW, ARROW_STREAM) else reader, format=format, limit=limit)
    assert status == 0, error.message
    assert rows == (min(limit, 5) if limit else 5)
    if format in (ARROW, ARROW_STREAM):
        table = (pyarrow.ipc.open_file if format == ARROW else pyarrow.ipc.open_stream)(io.BytesIO(got)).read_all()
        assert [column.to_pylist() for column in table.columns] == [array.to_pylist()[:rows] for array in arrays]
    else:
        assert got.count(b"\n") == rows + {TABLE: 2, CSV: 1, JSONL: 0}[format]


def test_what_is_not_valid():
    for array in (pa.array([1, 1, 2]).dictionary_encode(), pa.array([1, 2, 3])):  # of numbers; at an offset
        status, _, _, error = write(reader_of(array), format=ARROW)
        assert status == USAGE and b"can't be written as Arrow IPC" in error.message
    bad = pa.Array.from_buffers(pa.string(), 2, [None, pa.py_buffer(b"\0\0\0\0\3\0\0\0\1\0\0\0"), pa.py_buffer(b"abc")])
    status, _, _, error = write(reader_of(bad))
    assert status == USAGE and b"is not valid" in error.message
    bad = pa.DictionaryArray.from_arrays(pa.array([0, 5], pa.int8()), pa.array(["a"]), safe=False)
    status, _, _, error = write(reader_of(bad))
    assert status == USAGE and b"dictionary index" in error.message
    status, _, _, error = write(reader_of(pa.RunEndEncodedArray.from_arrays([2], ["a"])))
    assert status == USAGE and b"can't be written" in error.message and b"cast it" in error.hint


def test_a_stream_that_fails():
    def batches():
        yield pa.record_batch([pa.array([1])], names=["a"])
        raise ValueError("no more")
    status, got, rows, error = write(pa.RecordBatchReader.from_batches(pa.schema([("a", pa.int64())]), batches()), format=CSV)
    assert status == DESTINATION and b"no more" in error.message and rows == 1


def test_a_sink_that_refuses():
    status, got, _, _ = write(reader_of(pa.array([1, 2])), refuse=4)
    assert status == 4 and got == b'{"c0":1}\n{"c0":2}\n'
