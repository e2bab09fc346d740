"""Texts of schemas through the library (SPILE_LIB): read by spile_schema_parse, written again in both formats.

The library runs in a process of its own (this file), so that a crash of it is a failed test and not the end of all tests. That reads texts
as lines of JSON on stdin, and answers with a line for each.
"""
import ctypes
import json
import os
import subprocess
import sys
from ctypes import POINTER, byref, c_char_p, c_int, c_int64, c_size_t, c_void_p

import chunked
from chunked import Error
from engine import preload

FORMATS = ("yaml", "json")  # enum spile_schema_format


def parse(texts):
    """What the library makes of each: {"status", "message", "where", "hint"} or {"status", "name", "version", "hash", "yaml", "json"}."""
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    done = subprocess.run([sys.executable, __file__], input=lines, capture_output=True, text=True, env={**os.environ, **preload()})
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0 and len(answers) == len(texts), f"exit code {done.returncode}\n{done.stderr}"
    return answers


# ---- the process -----------------------------------------------------------------------------------------------------------------


def library():
    lib = chunked.library()
    lib.spile_schema_parse.argtypes = [POINTER(c_void_p), c_char_p, c_size_t, POINTER(Error)]
    lib.spile_schema_text.argtypes = [c_void_p, c_int, POINTER(c_void_p), POINTER(c_size_t), POINTER(Error)]
    for of_schema in (lib.spile_schema_name, lib.spile_schema_version, lib.spile_schema_hash, lib.spile_schema_free):
        of_schema.argtypes = [c_void_p]
    lib.spile_schema_name.restype = lib.spile_schema_hash.restype = c_char_p
    lib.spile_schema_version.restype = c_int64
    lib.spile_schema_free.restype = None
    return lib


def written(lib, schema, format):
    text, length, err = c_void_p(), c_size_t(), Error()
    assert lib.spile_schema_text(schema, FORMATS.index(format), byref(text), byref(length), byref(err)) == 0, err.message
    return ctypes.string_at(text, length.value).decode()


def answer(lib, text):
    schema, err, encoded = c_void_p(), Error(), text.encode("utf-8", "surrogatepass")
    status = lib.spile_schema_parse(byref(schema), encoded, len(encoded), byref(err))
    if status:
        assert not schema.value
        return {"status": status, **{name: getattr(err, name).decode() for name in ("message", "where", "hint")}}
    try:
        return {"status": 0, "name": lib.spile_schema_name(schema).decode(), "version": lib.spile_schema_version(schema),
                "hash": lib.spile_schema_hash(schema).decode(), **{format: written(lib, schema, format) for format in FORMATS}}
    finally:
        lib.spile_schema_free(schema)


def main():
    lib = library()
    for line in sys.stdin:
        print(json.dumps(answer(lib, json.loads(line))))


if __name__ == "__main__":
    main()
