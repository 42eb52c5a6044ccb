"""How long something took, in words."""

from app.i18n import gettext


def length_in_words(milliseconds: int) -> str:
    """Seconds with a decimal, from a minute on minutes and seconds."""
    seconds = milliseconds / 1000
    if seconds < 60:
        return gettext("%(seconds)s s", seconds=f"{seconds:.1f}")
    minutes, rest = divmod(round(seconds), 60)
    return gettext("%(minutes)s min %(seconds)s s", minutes=minutes, seconds=rest)


def working_time_in_words(minutes: int) -> str:
    """Hours and minutes; days would leave open how many hours they have."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return gettext("%(minutes)s min", minutes=rest)
    if not rest:
        return gettext("%(hours)s h", hours=f"{hours:,}")
    return gettext("%(hours)s h %(minutes)s min", hours=f"{hours:,}", minutes=rest)
