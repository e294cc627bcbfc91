"""What a sample value is, told by its checksum and not by its looks alone.

Deliberately absent: numbers without a check digit, and names of people; both would be guesses.
"""

import base64
import binascii
import json
import re
from datetime import date

# Compiled here, once, when the component is built: what a call compiles it forgets.
IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
CARD = re.compile(r"\d{4}([ -]?\d{4}){3}|3[47]\d{2}[ -]?\d{6}[ -]?\d{5}")
EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+)")
ROLE_ADDRESS = re.compile(r"(info|support|contact|noreply|no-reply|admin|sales|data|team)[._+@-]", re.I)
ITALIAN = re.compile(r"[A-Z]{6}\d{2}[ABCDEHLMPRST]\d{2}[A-Z]\d{3}[A-Z]")
FRENCH = re.compile(r"([12]\d{2}(?:0[1-9]|1[0-2])(?:\d{2}|2A|2B)\d{6})(\d{2})")
ELEVEN_DIGITS = re.compile(r"\d{11}")
SWEDISH = re.compile(r"(19|20)?(\d{2})(\d{2})(\d{2})[-+](\d{4})")
BRAZILIAN = re.compile(r"\d{3}\.\d{3}\.\d{3}-\d{2}")
AMERICAN = re.compile(r"(\d{3})-(\d{2})-(\d{4})")
BASE64_URL = re.compile(r"[A-Za-z0-9_-]+")
GITHUB = re.compile(r"gh[pousr]_([A-Za-z0-9]{30})([A-Za-z0-9]{6})")
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]*:([^/\s@]+)@", re.I)
PLACEHOLDER = re.compile(r"[${<]|^(\*+|x+|password|secret|changeme)$", re.I)
AWS = re.compile(r"A(KI|SI)A[A-Z2-7]{16}")
PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z]+ )*PRIVATE KEY-----")
SLACK = re.compile(r"xox[abprs]-\d{10,}-[A-Za-z0-9-]{20,}")
ISSUER = re.compile(r"4|5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|3[47]|6011|64[4-9]|65|35(2[89]|[3-8])")
SPANISH = re.compile(r"([XYZ]?)(\d{7,8})-?([A-Z])")
NO_DIGIT = re.compile(r"\D")
SEPARATOR = re.compile(r"[ .]")

#: Length of an IBAN by country (SWIFT registry).
IBAN_LENGTH = dict(
    pair.split("=")
    for pair in (
        "AD=24 AE=23 AL=28 AT=20 AZ=28 BA=20 BE=16 BG=22 BH=22 BR=29 CH=21 CR=22 CY=28 CZ=24 DE=22 DK=18 DO=28 EE=20 ES=24 "
        "FI=18 FO=18 FR=27 GB=22 GE=22 GI=23 GL=18 GR=27 GT=28 HR=21 HU=28 IE=22 IL=23 IS=26 IT=27 JO=30 KW=30 KZ=20 LB=28 "
        "LI=21 LT=20 LU=20 LV=21 MC=27 MD=24 ME=22 MK=19 MR=27 MT=31 MU=30 NL=18 NO=15 PK=24 PL=28 PS=29 PT=25 QA=29 RO=24 "
        "RS=22 SA=24 SE=24 SI=19 SK=24 SM=27 TN=24 TR=26 UA=29 VA=22 VG=24 XK=20"
    ).split()
)
#: Numbers that documentation uses, and that belong to nobody.
KNOWN_FAKES = {
    "AT611904300234573201", "BE68539007547034", "CH9300762011623852957", "DE89370400440532013000", "DK5000400440116243",
    "ES9121000418450200051332", "FI2112345600000785", "FR1420041010050500013M02606", "GB29NWBK60161331926819",
    "GB82WEST12345698765432", "IE29AIBK93115212345678", "IT60X0542811101000000123456", "NL91ABNA0417164300",
    "NO9386011117947", "PL61109010140000071219812874", "PT50000201231234567890154", "SE4550000000058398257466",
    "4111111111111111", "4242424242424242", "4012888888881881", "4000056655665556", "5555555555554444", "5105105105105100",
    "5200828282828210", "2223003122003222", "378282246310005", "371449635398431", "6011111111111117", "6011000990139424",
    "3530111333300000", "3566002020360505", "30569309025904", "12345678Z", "RSSMRA85T10A562S", "AKIAIOSFODNN7EXAMPLE",
}  # fmt: skip
SAFE_DOMAINS = ("example.com", "example.org", "example.net", "example.edu", "email.com", "domain.com", "company.com", "acme.com")
SAFE_ENDS = (".example", ".test", ".invalid", ".localhost", ".local")


def iban(text):
    compact = text.replace(" ", "").upper()
    if not IBAN.fullmatch(compact) or IBAN_LENGTH.get(compact[:2]) != str(len(compact)):
        return None
    number = "".join(str(int(character, 36)) for character in compact[4:] + compact[:4])
    return compact if int(number) % 97 == 1 else None


def luhn(digits):
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (index % 2 + 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def card(text):
    if not CARD.fullmatch(text):
        return None
    digits = NO_DIGIT.sub("", text)
    return digits if ISSUER.match(digits) and luhn(digits) and len(set(digits)) > 2 else None


def email(text):
    found = EMAIL.fullmatch(text)
    if not found or ROLE_ADDRESS.match(text):
        return None
    domain = found.group(1).lower()
    safe = domain.endswith(SAFE_ENDS) or any(domain == safe or domain.endswith("." + safe) for safe in SAFE_DOMAINS)
    return None if safe else text.lower()


def spanish_id(text):
    found = SPANISH.fullmatch(text.upper())
    if not found or len(found[1]) + len(found[2]) != 8:
        return None
    number = int((str("XYZ".index(found[1])) if found[1] else "") + found[2])
    return found[0].replace("-", "") if "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23] == found[3] else None


def italian_code(text):
    compact = text.upper().replace(" ", "")
    if not ITALIAN.fullmatch(compact):
        return None
    odd = {c: v for c, v in zip("0123456789", (1, 0, 5, 7, 9, 13, 15, 17, 19, 21))}
    odd |= {c: v for c, v in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23))}  # fmt: skip
    even = {c: int(c) if c.isdigit() else ord(c) - 65 for c in odd}
    total = sum(odd[c] if index % 2 == 0 else even[c] for index, c in enumerate(compact[:15]))
    return compact if chr(65 + total % 26) == compact[15] else None


def french_number(text):
    compact = SEPARATOR.sub("", text).upper()
    found = FRENCH.fullmatch(compact)
    if not found:
        return None
    body = found[1].replace("2A", "19").replace("2B", "18") if not found[1].isdigit() else found[1]
    return compact if 97 - int(body) % 97 == int(found[2]) else None


def polish_number(text):
    if not ELEVEN_DIGITS.fullmatch(text):
        return None
    weights = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
    if (10 - sum(int(d) * w for d, w in zip(text, weights)) % 10) % 10 != int(text[10]):
        return None
    month = int(text[2:4])
    century = {0: 1900, 20: 2000, 80: 1800}.get(month // 20 * 20)
    return text if century and _is_date(century + int(text[:2]), month % 20, int(text[4:6])) else None


def swedish_number(text):
    found = SWEDISH.fullmatch(text)
    if not found or not _is_date(int((found[1] or "20") + found[2]), int(found[3]), int(found[4])):
        return None
    digits = "".join(found.groups()[1:])
    return digits if luhn(digits) else None


def brazilian_number(text):
    if not BRAZILIAN.fullmatch(text):
        return None
    digits = [int(c) for c in text if c.isdigit()]
    if len(set(digits)) == 1:
        return None
    for end in (9, 10):
        check = sum(d * w for d, w in zip(digits[:end], range(end + 1, 1, -1))) * 10 % 11 % 10
        if check != digits[end]:
            return None
    return text


def us_number(text):
    found = AMERICAN.fullmatch(text)
    never = found and (found[1] in ("000", "666") or found[1] > "899" or found[2] == "00" or found[3] == "0000")
    # 078-05-1120 and 123-45-6789 are the two that every form shows.
    return text if found and not never and text not in ("078-05-1120", "123-45-6789", "219-09-9999") else None


def _is_date(year, month, day):
    try:
        return bool(date(year, month, day))
    except ValueError:
        return False


#: What is personal: a name for people, and the check that gives the value as it is compared with known fakes.
PERSONAL = {
    "iban": ("an IBAN", iban),
    "card": ("a payment card number", card),
    "email": ("an email address", email),
    "es-id": ("a Spanish DNI or NIE", spanish_id),
    "it-code": ("an Italian codice fiscale", italian_code),
    "fr-number": ("a French social security number", french_number),
    "pl-number": ("a Polish PESEL", polish_number),
    "se-number": ("a Swedish personnummer", swedish_number),
    "br-number": ("a Brazilian CPF", brazilian_number),
    "us-number": ("a US social security number", us_number),
}


def jwt(text):
    parts = text.split(".")
    if len(parts) != 3 or not all(BASE64_URL.fullmatch(part) for part in parts):
        return False
    try:
        header = json.loads(base64.urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)))
    except (ValueError, binascii.Error):
        return False
    return isinstance(header, dict) and "alg" in header


def github_token(text):
    found = GITHUB.fullmatch(text)
    if not found:
        return False
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    number, check = binascii.crc32(found[1].encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        check = alphabet[digit] + check
    return check == found[2]


def password_in_address(text):
    found = ADDRESS.match(text)
    # A placeholder is what should be there.
    return bool(found) and not PLACEHOLDER.search(found[1])


SECRETS = {
    "an access key of AWS": lambda text: bool(AWS.fullmatch(text)),
    "a private key": lambda text: bool(PRIVATE_KEY.search(text)),
    "a signed token (JWT)": jwt,
    "a token of GitHub": github_token,
    "a token of Slack": lambda text: bool(SLACK.fullmatch(text)),
    "an address with a password": password_in_address,
}
