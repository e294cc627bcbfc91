"""{{name}}: finds descriptions that somebody meant to write later.

Change the rule, its judgement and its examples to your own.
"""

from meshgate_sdk import Finding, Plugin, Rule, columns, export


class Validator(Plugin):
    id = "{{name}}"
    rules = [
        Rule(
            "{{rule}}",
            "warning",
            "Description is a placeholder",
            "Whoever finds the data has nothing but its description to go by.",
            "Say what the column holds, in a sentence.",
        )
    ]
    settings_schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"words": {"type": "array", "items": {"type": "string"}}},
    }
    capabilities = [{{capabilities}}]

    def evaluate(self, input, settings):
        # Capabilities are classes of the SDK: `files.read`, `data.read`, `clock.now`, `random.bytes`.
        words = tuple(settings.get("words", ["todo", "tbd"]))
        for column in columns(input):
            text = column.get("description", "").strip().lower()
            if text.startswith(words):
                word = next(word for word in words if text.startswith(word))
                yield Finding(
                    "{{rule}}",
                    column["pointer"] + "/description",
                    f"column `{column.get('name', '?')}` is described as `{word}`",
                    "describe it",
                )


WitWorld = export(Validator)
