"""The field of a time of day."""

import re
import unicodedata

from wtforms import StringField

from app.i18n import Label

A_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


class ClockField(StringField):  # type: ignore[misc]  # WTForms has no types
    """A time of day as 09:00, kept as minutes since midnight.

    It is no time input: browsers show those by their own language, as 09:00 AM, whatever the page's is.
    """

    def process_formdata(self, valuelist: list[str]) -> None:
        """Raises ValueError for anything else, with the text kept for the form."""
        text = unicodedata.normalize("NFKC", valuelist[0]).strip() if valuelist else ""
        found, self.data = A_TIME.fullmatch(text), None
        if found:
            self.data = int(found[1]) * 60 + int(found[2])
        elif text:
            raise ValueError(Label("Please give the time as hours and minutes, for example 09:00."))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else f"{self.data // 60:02}:{self.data % 60:02}"
