"""Texts of the libraries under us that their own Chinese catalogues lack or say wrongly; ours come first.

They stand here so that they are extracted, translated and checked like every other text.
"""

from flask_babel import lazy_ngettext
from flask_wtf.i18n import translations as of_the_library

from app.i18n import Label, translated
from app.templating import ngettext_plain

FLASK_APPBUILDER = (
    Label("Add"),
    Label("Add Group"),
    Label("Are you sure you want to delete this item?"),
    Label("Contains (insensitive)"),
    Label("Database Error"),
    Label("Delete"),
    Label("Edit"),
    Label("Edit Group"),
    Label("Edit User Information"),
    Label("Either select a role or a group"),
    Label("Groups"),
    Label("In"),
    Label("It's not a good policy to remove a user, just make it inactive"),
    Label("List Groups"),
    Label(
        "Must have at least two capital letters, one special character, two digits, three lower case letters and a "
        "minimal length of 10."
    ),
    Label("Not In"),
    Label("Not a valid choice"),
    Label("Show"),
    Label("Show Group"),
    Label("Sign In with "),
    Label("Start with"),
    Label("The user's password for authentication"),
    Label("User information changed"),
    Label("User(s) exists in the group, cannot delete"),
    Label("User(s) exists in the role, cannot delete"),
)
WTFORMS = (
    Label("Invalid email address."),
    Label("Not a valid week value."),
    Label("Number must be at least %(min)s."),
    Label("Number must be at most %(max)s."),
    Label("This field cannot be edited."),
    Label("This field is disabled and cannot have a value."),
    lazy_ngettext(
        "'%(value)s' is not a valid choice for this field.", "'%(value)s' are not valid choices for this field.", 1
    ),
)


class FormTexts:
    """The messages of form checks: from our catalogue where it has them, else from the library's."""

    def gettext(self, message: str) -> str:
        """``message`` in the reader's language, its placeholders left."""
        ours = translated(message)
        return ours if ours != message else str(of_the_library.gettext(message))

    def ngettext(self, singular: str, plural: str, num: int) -> str:
        """The form for ``num``, its placeholders left."""
        ours = ngettext_plain(singular, plural, num)
        return ours if ours not in {singular, plural} else str(of_the_library.ngettext(singular, plural, num))
