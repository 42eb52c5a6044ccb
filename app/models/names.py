"""The form of a company's name under which two spellings of one name are equal."""

import unicodedata


def name_key(name: str) -> str:
    """``name`` after NFKC, without invisible letters, with spaces trimmed and folded, in lower case (definition 09.12).

    NFKC can lengthen a text; the key is cut to the 100 characters that its column holds.
    """
    visible = "".join(letter for letter in unicodedata.normalize("NFKC", name) if unicodedata.category(letter) != "Cf")
    return " ".join(visible.split()).casefold()[:100]
