"""The form of a company's name under which two spellings of one name are equal."""

import unicodedata


def name_key(name: str) -> str:
    """``name`` after NFKC, with spaces trimmed and folded, in lower case (definition 09.12).

    NFKC can lengthen a text; the key is cut to the 100 characters that its column holds.
    """
    return " ".join(unicodedata.normalize("NFKC", name).split()).casefold()[:100]
