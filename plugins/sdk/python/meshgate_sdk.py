"""Write Meshgate plugins in Python.

A plugin is a subclass of `Plugin`; `WitWorld = export(MyPlugin)` at the end of `app.py` makes it the component's:

    from meshgate_sdk import Finding, Plugin, Rule, columns, export

    class Loud(Plugin):
        id = "loud"
        rules = [Rule("naming.loud", "info", "Column name shouts", remedy="Write it in lower case.")]

        def evaluate(self, input, settings):
            for column in columns(input):
                if column.get("name", "").isupper():
                    yield Finding("naming.loud", column["pointer"] + "/name", f"column `{column['name']}` shouts")

    WitWorld = export(Loud)

`input` is what a Rego rule sees as `input` (`meshgate show FILE --format json` prints it): plain dictionaries and lists.
An exception that nobody catches becomes a fault that holds its traceback, and a fault denies.

A test needs no WebAssembly: `list(Loud().evaluate({...}, {}))`. What capabilities answer there stands in `testing`.

Deliberately absent: the network, the environment, threads and packages with native code; the sandbox has none of them.
"""

from __future__ import annotations

import importlib
import json
import linecache
import sys
import traceback
from dataclasses import dataclass, field
from typing import Any, Iterable, Iterator

# The component holds the modules of what its world imports; natively there are none. They are imported here and not where
# they are used: the component is a picture of the interpreter after its imports, and can read no module any more.
def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


_host, _types, _files, _data, _clock, _random = (
    _imported(f"wit_world.imports.{name}") for name in ("host", "types", "files", "data", "clock", "random")
)
if _host is not None:
    # A traceback looks for the lines of its files, and opening a file ends the call: there are none in the sandbox.
    linecache.checkcache = lambda filename=None: None
    linecache.updatecache = lambda filename, module_globals=None: []
    linecache.lazycache = lambda filename, module_globals: False
_Err: Any = getattr(_imported("componentize_py_types"), "Err", Exception)

SEVERITIES = ("error", "warning", "info")


@dataclass
class Rule:
    """One rule: its id `category.name_of_the_smell`, how bad its findings are, what it looks for."""

    id: str
    severity: str
    title: str
    description: str = ""
    remedy: str | None = None
    related: list[str] = field(default_factory=list)
    applies_to: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise ValueError(f"rule {self.id}: severity is one of {', '.join(SEVERITIES)}, not {self.severity!r}")


@dataclass
class Finding:
    """A remark about one place. `pointer` is a pointer of the model, or one below it; `fix` a JSON Patch."""

    rule: str
    pointer: str
    message: str
    label: str | None = None
    related: list[tuple[str, str]] = field(default_factory=list)
    fix: list[dict[str, Any]] | None = None


class Fault(Exception):
    """Raise it when a descriptor cannot be judged: the message is shown without a traceback."""


class Plugin:
    """A plugin. Set `id` and `rules`, and write `evaluate`."""

    id: str = ""
    version: str = "0.1.0"
    rules: list[Rule] = []
    #: JSON Schema of the settings, a dictionary: for people and tools. The host does not apply it, and the default
    #: `validate_settings` looks at the keys alone; check values in a `validate_settings` of your own.
    settings_schema: dict[str, Any] | None = None
    #: What it cannot work without: `files:NAME`, `data:PATH`, `clock`, `random`.
    capabilities: list[str] = []

    def validate_settings(self, settings: dict[str, Any]) -> str | None:
        """Says what is wrong with the settings, or nothing. The default refuses keys that the schema does not name."""
        if not isinstance(settings, dict):
            return "the settings are no map"
        known = (self.settings_schema or {}).get("properties", {})
        unknown = [key for key in settings if key not in known]
        if unknown:
            return f"unknown setting `{unknown[0]}`; known: {', '.join(f'`{key}`' for key in known) or 'none'}"
        return None

    def evaluate(self, input: dict[str, Any], settings: dict[str, Any]) -> Iterable[Finding]:
        """Judges one descriptor."""
        raise NotImplementedError


def columns(input: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every column of every contract, nested ones after the one that holds them."""

    def walk(column: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield column
        for nested in column.get("columns", []):
            yield from walk(nested)

    for contract in input.get("contracts", []):
        for table in contract.get("schema", []):
            for column in table.get("columns", []):
                yield from walk(column)


def step(pointer: str, key: str | int) -> str:
    """The pointer of what stands under a key."""
    return pointer + "/" + str(key).replace("~", "~0").replace("/", "~1")


def log(level: str, message: str) -> None:
    """Writes to the host's log (`debug`, `info`, `warning`, `error`), which is bounded; natively to standard error."""
    if _host is None:
        print(f"{level}: {message}", file=sys.stderr)
    else:
        levels = {"debug", "info", "warning", "error"}
        _host.log(_host.Level[(level if level in levels else "warning").upper()], str(message))


class testing:
    """What capabilities answer outside the sandbox: what a test puts here, and nothing of the machine."""

    files: dict[tuple[str, str], bytes] = {}
    data: dict[str, Any] = {}
    now: int = 0


class files:
    """Capability `files:NAME`: folders of the platform's, read only."""

    @staticmethod
    def read(folder: str, path: str) -> bytes:
        """The bytes of a file, by its path below the folder. Raises OSError; a path that leads out ends the call."""
        if _host is None:
            try:
                return testing.files[(folder, path)]
            except KeyError:
                raise FileNotFoundError(f"{folder}: {path}") from None
        try:
            return bytes(_files.read(folder, path))
        except _Err as error:
            raise _os_error(error.value, folder, path) from None

    @staticmethod
    def list(folder: str, path: str = "") -> list[str]:
        """What a folder holds, by name; folders end in `/`."""
        if _host is None:
            start = f"{path}/" if path else ""
            below = [name[len(start) :] for of, name in testing.files if of == folder and name.startswith(start)]
            return sorted({name.split("/")[0] + ("/" if "/" in name else "") for name in below})
        try:
            return [entry.name + ("/" if entry.is_folder else "") for entry in _files.list(folder, path)]
        except _Err as error:
            raise _os_error(error.value, folder, path) from None


def _os_error(error: Any, folder: str, path: str) -> OSError:
    kind = type(error).__name__
    if kind.endswith("NotFound"):
        return FileNotFoundError(f"{folder}: {path}")
    if kind.endswith("WrongKind"):
        return IsADirectoryError(f"{folder}: {path} is not what was asked for")
    if kind.endswith("TooLarge"):
        return OSError(f"{folder}: {path} is more than one call may read")
    return OSError(f"{folder}: {path}: {getattr(error, 'value', error)}")


class data:
    """Capability `data:PATH`: the data of the platform's bundles."""

    @staticmethod
    def read(path: str) -> Any:
        """What stands at a path, as in `org/glossary/terms`; None when there is nothing."""
        if _host is None:
            return testing.data.get(path)
        text = _data.read(path)
        return None if text is None else json.loads(text)


class clock:
    """Capability `clock`."""

    @staticmethod
    def now() -> int:
        """Nanoseconds since 1970-01-01T00:00:00Z. `input["context"]["now"]` needs no capability, and may do."""
        if _host is None:
            return testing.now
        return _clock.now()


class random:
    """Capability `random`."""

    @staticmethod
    def bytes(length: int) -> bytes:
        """Up to 65,536 random bytes; zeros natively, so that tests can be repeated."""
        if _host is None:
            return b"\0" * length
        return _random.bytes(length)


def export(plugin: type[Plugin]) -> type:
    """Makes a plugin the component's: the class that componentize-py looks for by the name `WitWorld`."""
    one = plugin()

    class WitWorld:
        def describe(self):
            try:
                schema = None if one.settings_schema is None else json.dumps(one.settings_schema)
                rules = [_rule(rule) for rule in one.rules]
                return _types.Description(one.id, one.version, rules, schema, list(one.capabilities))
            except Exception:
                # `describe` has no way to fail: the last error of the log is what the host shows of a trap.
                log("error", traceback.format_exc().strip())
                raise

        def validate_settings(self, settings):
            problem = _guarded(lambda: one.validate_settings(json.loads(settings)))
            if problem is not None:
                raise _Err(problem)

        def evaluate(self, input, settings):
            def judge():
                found = one.evaluate(json.loads(input), json.loads(settings))
                if found is None:
                    raise TypeError(f"{type(one).__name__}.evaluate gave None: yield findings, or return a list")
                return [_finding(one, finding) for finding in found]

            return _guarded(judge)

    return WitWorld


def _rule(rule: Rule):
    severity = _types.Severity[rule.severity.upper()]
    related, applies_to = list(rule.related), list(rule.applies_to)
    return _types.Rule(rule.id, rule.title, rule.description, severity, rule.remedy, related, applies_to)


def _finding(plugin: Plugin, found: Finding):
    if not isinstance(found, Finding):
        raise TypeError(f"{type(plugin).__name__}.evaluate gave {found!r}, which is no Finding")
    for name in ("rule", "pointer", "message"):
        # What is no text would end the call without a word when it is handed over.
        if not isinstance(getattr(found, name), str):
            raise TypeError(f"{name} of {found!r} is no text")
    if found.label is not None and not isinstance(found.label, str):
        raise TypeError(f"label of {found!r} is no text")
    related = [_types.Related(pointer, message) for pointer, message in found.related]
    fix = None if found.fix is None else json.dumps(found.fix)
    return _types.Finding(found.rule, found.pointer, found.message, found.label, related, fix)


def _guarded(work):
    # An exception that leaves Python ends in a trap, and its traceback is lost: it is given to the host as an error.
    try:
        return work()
    except Fault as fault:
        raise _Err(str(fault) or "failed and did not say why") from None
    except Exception:
        raise _Err(traceback.format_exc().strip()) from None
