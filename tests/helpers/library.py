"""Loads through the library (SPILE_LIB) in this process: for tests of thousands of small loads, where the command would start as often.

The structs are those of include/spile/spile.h; they are in chunked.py.
"""
import ctypes
import functools
import json
from ctypes import POINTER, byref, c_char_p, c_void_p

import chunked

SPILE_DATA_JSON = 1


class Data(chunked.Data):
    _fields_ = [("stream", c_void_p)]


class Failed(Exception):
    """A call that did not succeed: status and message."""

    def __init__(self, err):
        super().__init__(" | ".join(text.decode("utf-8", "replace") for text in (err.message, err.where, err.hint) if text))
        self.status = err.status


@functools.cache
def library():
    lib = chunked.library()
    lib.spile_run.argtypes = [c_void_p, Data, POINTER(chunked.RunOptions), POINTER(c_void_p), POINTER(chunked.Error)]
    return lib


def text(value):
    return value.encode() if value is not None else None


def merge_of(write):
    """(word, struct) of what dlt's write_disposition is."""
    found = dict(write) if isinstance(write, dict) else {"disposition": write}
    word, names = found.pop("disposition"), found.pop("validity_column_names", (None, None))
    merge = chunked.Merge(strategy=chunked.STRATEGIES.index(found.pop("strategy", "")), valid_from=text(names[0]), valid_to=text(names[1]),
                  row_version=text(found.pop("row_version_column_name", None)))
    for name, value in found.items():
        setattr(merge, name, text(value) if isinstance(value, str) else value)
    return chunked.WRITES.index(word), merge


class Pipeline:
    def __init__(self, name, destination, dataset, folder, workers=1):
        self.pipeline, self.err = c_void_p(), chunked.Error()
        options = chunked.PipelineOptions(ctypes.sizeof(chunked.PipelineOptions), text(str(destination)), text(dataset), text(str(folder)), workers, 0)
        if library().spile_pipeline_open(byref(self.pipeline), text(name), byref(options), byref(self.err)):
            raise Failed(self.err)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        library().spile_pipeline_close(self.pipeline)

    def run(self, items, table, write="append", load_id=None, columns=None, primary_key=None, merge_key=None):
        """Loads items, which may be any JSON; raises Failed. The hints are texts, as the command's options are."""
        content, info = json.dumps(items).encode(), c_void_p()
        options = chunked.RunOptions(size=ctypes.sizeof(chunked.RunOptions), table=text(table), load_id=text(load_id), columns=text(columns),
            primary_key=text(primary_key),
                             merge_key=text(merge_key))
        options.write, options.merge = merge_of(write)
        data = Data(kind=SPILE_DATA_JSON, bytes=ctypes.cast(c_char_p(content), c_void_p), length=len(content))
        if library().spile_run(self.pipeline, data, byref(options), byref(info), byref(self.err)):
            raise Failed(self.err)
        try:
            return json.loads(library().spile_load_info_json(info))
        finally:
            library().spile_load_info_free(info)
