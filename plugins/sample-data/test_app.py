"""Tests of the sample-data plugin, run by plain Python: `python3 -m unittest discover -s plugins/sample-data`.

Deliberately absent: real numbers; these were computed for the tests, and belong to nobody that is known.
"""

import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "sdk" / "python")]

import checks  # noqa: E402
from app import SampleData, hidden, strings  # noqa: E402


def said(raw, **settings):
    return [(found.rule, found.pointer) for found in SampleData().evaluate({"raw": raw}, settings)]


class Checks(unittest.TestCase):
    def test_checksums_tell_the_valid_from_the_similar(self):
        cases = {
            checks.iban: ("DE68 2105 0170 0012 3456 78", "DE69210501700012345678", "DE6821050170001234567"),
            checks.card: ("4539 1488 0343 6467", "4539148803436468", "1539148803436467"),
            checks.email: ("jane.doe@contoso-mail.net", "jane.doe@example.com", "support@contoso-mail.net"),
            checks.spanish_id: ("43512068R", "43512068M", "4351206L"),
            checks.italian_code: ("BNCLRA92C54F205Y", "BNCLRA92C54F205Q", "BNCLRA92"),
            checks.french_number: ("2 92 03 75 116 005 18", "292037511600511", "992037511600510"),
            checks.polish_number: ("92031412345", "92031412347", "92135012346"),
            checks.swedish_number: ("920314-1230", "920314-1231", "9203141230"),
            checks.brazilian_number: ("529.982.247-25", "529.982.247-26", "111.111.111-11"),
            checks.us_number: ("421-87-5320", "000-12-3456", "123-45-6789"),
        }
        for check, (valid, *others) in cases.items():
            self.assertTrue(check(valid), f"{check.__name__} {valid}")
            for other in others:
                self.assertFalse(check(other), f"{check.__name__} {other}")

    def test_spanish_foreigners_are_known_too(self):
        self.assertTrue(checks.spanish_id("X1234567L"))
        self.assertFalse(checks.spanish_id("X1234567M"))

    def test_secrets_are_told_by_their_shape(self):
        token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
        self.assertTrue(checks.jwt(token))
        self.assertFalse(checks.jwt("a.b.c"))
        self.assertFalse(checks.jwt("com.example.orders"))
        self.assertTrue(checks.password_in_address("postgres://app:s3cr3t-9f@db.internal/orders"))
        self.assertFalse(checks.password_in_address("postgres://app:${DB_PASSWORD}@db.internal/orders"))
        self.assertFalse(checks.password_in_address("https://example.com/a:b@c"))
        self.assertFalse(checks.github_token("ghp_" + "a" * 36))


class Judgement(unittest.TestCase):
    def test_samples_of_every_standard_are_found(self):
        valid = "DE68210501700012345678"
        for raw, pointer in (
            ({"schema": [{"properties": [{"name": "iban", "examples": [valid]}]}]}, "/schema/0/properties/0/examples/0"),
            ({"models": {"a": {"fields": {"iban": {"example": valid}}}}}, "/models/a/fields/iban/example"),
            ({"models": {"a/b": {"enum": ["x", valid]}}}, "/models/a~1b/enum/1"),
        ):
            self.assertEqual(said(raw), [("privacy.real_sample", pointer)])

    def test_what_is_no_sample_is_no_sample(self):
        self.assertEqual(said({"description": "jane.doe@contoso-mail.net", "id": "DE68210501700012345678"}), [])

    def test_numbers_that_yaml_reads_as_such_count(self):
        self.assertEqual(said({"example": 4539148803436467}), [("privacy.real_sample", "/example")])
        self.assertEqual(said({"example": True, "default": 1.5, "examples": [None, 12]}), [])

    def test_secrets_are_found_anywhere(self):
        raw = {"servers": [{"url": "postgres://app:s3cr3t-9f@db/orders"}]}
        self.assertEqual(said(raw), [("security.secret_in_descriptor", "/servers/0/url")])

    def test_known_fakes_and_allowed_values_are_silent(self):
        self.assertEqual(said({"example": "DE89 3704 0044 0532 0130 00"}), [])
        self.assertEqual(said({"example": "jane@contoso-mail.net"}, allow=["Jane@Contoso-Mail.net"]), [])
        self.assertEqual(said({"example": "jane@contoso-mail.net"}, kinds=["iban"]), [])

    def test_values_are_not_shown(self):
        [found] = SampleData().evaluate({"raw": {"name": "iban", "example": "DE68210501700012345678"}}, {})
        self.assertEqual(found.message, "sample of `iban` is an IBAN")
        self.assertNotIn("0501700012", found.label + found.message)
        self.assertEqual(hidden("jane@contoso-mail.net"), "ja…et")

    def test_settings_are_checked(self):
        check = SampleData().validate_settings
        self.assertIsNone(check({"allow": ["x"], "kinds": ["iban"]}))
        self.assertIn("unknown setting `allowed`", check({"allowed": []}))
        self.assertIn("`kinds` has `passport`", check({"kinds": ["passport"]}))
        self.assertIn("not a list", check({"allow": "x"}))

    def test_deep_documents_are_walked(self):
        self.assertEqual(len(list(strings({"a": [{"b": "c"}, 1, None]}))), 1)


if __name__ == "__main__":
    unittest.main()
