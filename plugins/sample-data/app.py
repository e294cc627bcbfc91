"""The sample-data plugin: samples in a descriptor are read by everyone who may see the descriptor, so they must not be real.

Deliberately absent: the values themselves. A finding shows two characters at each end.
"""

from checks import KNOWN_FAKES, PERSONAL, SECRETS
from meshgate_sdk import Finding, Plugin, Rule, export, step

#: Keys under which the standards write samples.
SAMPLES = {"example", "examples", "default", "defaultValue", "enum", "sample", "samples", "sampleValue", "sampleValues"}


class SampleData(Plugin):
    id = "sample-data"
    rules = [
        Rule(
            "privacy.real_sample",
            "error",
            "Sample value is personal data",
            "Descriptors are copied to catalogues, tickets and test systems. A sample whose check digits are right is, as "
            "likely as not, somebody's own.",
            "Write a made-up value that fails its checksum, or one that documentation reserves (`user@example.com`).",
            ["https://gdpr-info.eu/art-4-gdpr/"],
        ),
        Rule(
            "security.secret_in_descriptor",
            "error",
            "Descriptor holds a secret",
            "Whoever can read the descriptor can use the credential, and version control keeps it for ever.",
            "Revoke the credential, and refer to a secret store.",
            ["https://cwe.mitre.org/data/definitions/798.html"],
        ),
    ]
    settings_schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "allow": {"type": "array", "items": {"type": "string"}, "description": "Values that are known to be made up."},
            "kinds": {
                "type": "array",
                "items": {"enum": list(PERSONAL)},
                "description": "What to look for. Default: everything.",
            },
        },
    }

    def validate_settings(self, settings):
        problem = super().validate_settings(settings)
        if problem:
            return problem
        for key in ("allow", "kinds"):
            values = settings.get(key, [])
            if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
                return f"`{key}` is not a list of texts"
        unknown = [kind for kind in settings.get("kinds", []) if kind not in PERSONAL]
        return f"`kinds` has `{unknown[0]}`; there are {', '.join(PERSONAL)}" if unknown else None

    def evaluate(self, input, settings):
        allowed = {compact(value) for value in settings.get("allow", [])} | {compact(value) for value in KNOWN_FAKES}
        kinds = settings.get("kinds", list(PERSONAL))
        for pointer, name, sample, text in strings(input.get("raw")):
            # Most texts are words, and no secret is that short.
            secret = len(text) >= 12 and next((what for what, check in SECRETS.items() if check(text)), None)
            if secret and compact(text) not in allowed:
                yield Finding(
                    "security.secret_in_descriptor", pointer, f"{where(name)} holds {secret}", f"`{hidden(text)}`: revoke it"
                )
            elif sample and (found := personal(text, kinds)) and compact(found[1]) not in allowed:
                yield Finding(
                    "privacy.real_sample", pointer, f"sample of {where(name)} is {found[0]}", f"`{hidden(text)}` is valid"
                )


def personal(text, kinds):
    for kind in kinds:
        what, check = PERSONAL[kind]
        value = check(text.strip())
        if value:
            return what, value
    return None


def strings(value, pointer="", name=None, sample=False):
    """Every text of a document: its pointer, the name of what it belongs to, whether it stands as a sample."""
    if isinstance(value, str):
        yield pointer, name, sample, value
    elif isinstance(value, bool):
        pass
    elif isinstance(value, int) and sample:
        # YAML reads an unquoted number as one.
        yield pointer, name, sample, str(value)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from strings(item, step(pointer, index), name, sample)
    elif isinstance(value, dict):
        own = value.get("name")
        below = own if isinstance(own, str) else name
        for key, item in value.items():
            # In a map of columns the key is the name.
            of = key if isinstance(item, dict) and "name" not in item and key not in ("properties", "items", "schema") else below
            yield from strings(item, step(pointer, key), of, sample or key in SAMPLES)


def where(name):
    return f"`{name}`" if name else "the document"


def hidden(text):
    text = text.strip()
    return text if len(text) < 6 else f"{text[:2]}…{text[-2:]}"


def compact(text):
    return "".join(character for character in text.upper() if character.isalnum() or character in "@.+_")


WitWorld = export(SampleData)
