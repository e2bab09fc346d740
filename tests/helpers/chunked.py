"""`spile load` with a size of chunks, through the library (SPILE_LIB): chunked.py CHUNK_BYTES load SOURCE... --to DATABASE [OPTION...]

A process of its own, so that a crash of the library is a failed test and not the end of all tests. Prints what --json prints, or the
error on stderr, and exits with the command's exit codes. The structs are those of include/spile/spile.h.
"""
import argparse
import ctypes
import os
import sys
from ctypes import POINTER, Structure, byref, c_bool, c_char, c_char_p, c_int, c_size_t, c_uint, c_uint64, c_void_p
from pathlib import Path


class Error(Structure):
    _fields_ = [("status", c_int), ("retriable", c_bool), ("message", c_char * 512), ("where", c_char * 512), ("hint", c_char * 512)]


class Data(Structure):
    _fields_ = [("kind", c_int), ("bytes", c_void_p), ("length", c_size_t), ("paths", POINTER(c_char_p)), ("parts", c_void_p),
                ("count", c_size_t), ("source", c_void_p)]


class PipelineOptions(Structure):
    _fields_ = [("size", c_size_t), ("destination", c_char_p), ("dataset", c_char_p), ("data_dir", c_char_p), ("workers", c_uint),
                ("max_memory", c_uint64)]


class Merge(Structure):
    _fields_ = [("strategy", c_int), ("deduplicated", c_bool), ("skip_unchanged_rows", c_bool)] + [(name, c_char_p) for name in (
        "source_filter", "destination_scope", "row_version", "valid_from", "valid_to", "active_record_timestamp", "boundary_timestamp")]


class RunOptions(Structure):
    _fields_ = [("size", c_size_t), ("table", c_char_p), ("write", c_int), ("max_nesting", c_int), ("load_id", c_char_p),
                ("chunk_bytes", c_size_t), ("progress", c_void_p), ("progress_user", c_void_p), ("contract", c_int * 4), ("schema", c_void_p),
                ("columns", c_char_p), ("json_columns", c_char_p), ("primary_key", c_char_p), ("merge_key", c_char_p), ("root_key", c_bool),
                ("sample", c_uint64), ("discarded", c_char_p), ("refresh", c_int), ("no_load", c_bool), ("arrow_load_id", c_bool), ("arrow_row_id", c_bool),
                ("merge", Merge)]


SPILE_DATA_FILES = 2
SPILE_NO_NESTING = -1
MODES = ["", "evolve", "freeze", "discard_row", "discard_value"]  # enum spile_contract_mode
WRITES = ["append", "replace", "merge"]  # enum spile_write
STRATEGIES = ["", "delete-insert", "upsert", "insert-only", "scd2", "cdc"]  # enum spile_merge_strategy
ENTITIES = ["all", "tables", "columns", "data_type"]  # struct spile_contract


def library():
    lib = ctypes.CDLL(os.environ["SPILE_LIB"])
    lib.spile_pipeline_open.argtypes = [POINTER(c_void_p), c_char_p, POINTER(PipelineOptions), POINTER(Error)]
    lib.spile_run.argtypes = [c_void_p, Data, POINTER(RunOptions), POINTER(c_void_p), POINTER(Error)]
    lib.spile_load_info_json.argtypes = lib.spile_load_info_free.argtypes = lib.spile_pipeline_close.argtypes = [c_void_p]
    lib.spile_schema_read_file.argtypes = [POINTER(c_void_p), c_char_p, POINTER(Error)]
    lib.spile_schema_free.argtypes, lib.spile_schema_free.restype = [c_void_p], None
    lib.spile_load_info_json.restype = c_char_p
    lib.spile_load_info_free.restype = lib.spile_pipeline_close.restype = None
    return lib


def parsed():
    parser = argparse.ArgumentParser()
    parser.add_argument("chunk_bytes", type=int)
    parser.add_argument("load", choices=["load"])
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--to", required=True)
    parser.add_argument("--dataset")
    parser.add_argument("--table")
    parser.add_argument("--pipeline")
    parser.add_argument("--write", choices=WRITES, default="append")
    parser.add_argument("--strategy", choices=STRATEGIES, default="")
    parser.add_argument("--contract", type=contract, default=contract(""))
    for name in ("columns", "json-column", "primary-key", "merge-key", "discarded", "schema"):
        parser.add_argument("--" + name)
    parser.add_argument("--root-key", action="store_true")
    parser.add_argument("--max-nesting", type=int)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--load-id")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--no-progress", action="store_true")
    return parser.parse_args()


def contract(words):
    """As the command takes it: "freeze", or "columns=freeze,data_type=discard_row"."""
    modes = (c_int * 4)()
    for word in words.split(","):
        entity, _, mode = word.rpartition("=")
        modes[ENTITIES.index(entity or "all")] = MODES.index(mode)
    return modes


def text(value):
    return value.encode() if value is not None else None


def run(lib, args, err):
    pipeline, info = c_void_p(), c_void_p()
    options = PipelineOptions(ctypes.sizeof(PipelineOptions), text(args.to), text(args.dataset), None, args.workers, 0)
    name = args.pipeline or Path(args.to).stem
    schema = c_void_p()
    status = lib.spile_schema_read_file(byref(schema), text(args.schema), byref(err)) if args.schema else 0
    if status == 0:
        status = lib.spile_pipeline_open(byref(pipeline), text(name), byref(options), byref(err))
    if status == 0:
        nesting = 0 if args.max_nesting is None else args.max_nesting or SPILE_NO_NESTING
        run_options = RunOptions(ctypes.sizeof(RunOptions), text(args.table or Path(args.sources[0]).stem), WRITES.index(args.write),
                                 nesting, text(args.load_id), args.chunk_bytes, None, None, args.contract, schema,
                                 text(args.columns), text(args.json_column), text(args.primary_key), text(args.merge_key), args.root_key, 0,
                                 text(args.discarded), merge=Merge(strategy=STRATEGIES.index(args.strategy)))
        paths = (c_char_p * len(args.sources))(*map(text, args.sources))
        data = Data(SPILE_DATA_FILES, None, 0, paths, None, len(args.sources))
        status = lib.spile_run(pipeline, data, byref(run_options), byref(info), byref(err))
    if status == 0:
        print(lib.spile_load_info_json(info).decode())
    lib.spile_load_info_free(info)
    lib.spile_pipeline_close(pipeline)
    lib.spile_schema_free(schema)
    return status


def main():
    err = Error()
    status = run(library(), parsed(), err)
    if status:
        for label, line in (("error: ", err.message), ("   at: ", err.where), (" hint: ", err.hint)):
            if line:
                print(label + line.decode("utf-8", "replace"), file=sys.stderr)
    sys.exit(status)


if __name__ == "__main__":
    main()
