"""Tests without WebAssembly: `./build --test`."""

import unittest

from app import Validator


def said(description):
    column = {"name": "a", "description": description, "pointer": "/a"}
    return [found.pointer for found in Validator().evaluate({"contracts": [{"schema": [{"columns": [column]}]}]}, {})]


class Placeholders(unittest.TestCase):
    def test_placeholders_are_found_and_descriptions_are_not(self):
        self.assertEqual(said("TODO later"), ["/a/description"])
        self.assertEqual(said("The number of the order."), [])


if __name__ == "__main__":
    unittest.main()
