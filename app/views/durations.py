"""How long something took, in words."""

from app.i18n import gettext


def length_in_words(milliseconds: int) -> str:
    """Seconds with a decimal, from a minute on minutes and seconds."""
    seconds = milliseconds / 1000
    if seconds < 60:
        return gettext("%(seconds)s s", seconds=f"{seconds:.1f}")
    minutes, rest = divmod(round(seconds), 60)
    return gettext("%(minutes)s min %(seconds)s s", minutes=minutes, seconds=rest)
