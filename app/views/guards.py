"""Who may call a route: each names its right, or says aloud that it needs none. A route without is closed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask_appbuilder.baseviews import expose

from app.security.actor import Actor
from app.security.rights import Verb

Handler = TypeVar("Handler", bound=Callable[..., Any])


@dataclass(frozen=True)
class Guard:
    """What a route asks for: nothing, a signed-in person, or one of some verbs on the view's screen."""

    is_public: bool = False
    verbs: tuple[Verb, ...] = ()

    def missing(self, view: Any, actor: Actor) -> str:
        """The right that ``actor`` lacks for the route of ``view``; empty for who may call it.

        Who may not see a screen does nothing on it; what is everybody's own is seen by everybody.
        """
        if not self.verbs or (Verb.SEE in self.verbs and view.screen.is_personal):
            return ""
        seeing = [Verb.SEE] if Verb.SEE in view.screen.verbs and not view.screen.is_personal else []
        wanted = next((verb for verb in self.verbs if actor.may(view.screen.right(verb))), self.verbs[0])
        rights = (view.screen.right(verb) for verb in (*seeing, wanted))
        return next((right for right in rights if not actor.may(right)), "")


def needs(*verbs: Verb) -> Callable[[Handler], Handler]:
    """The route needs one of the verbs on its view's screen."""
    return _guarded(Guard(verbs=verbs))


def _guarded(guard: Guard) -> Callable[[Handler], Handler]:
    def mark(handler: Handler) -> Handler:
        handler.guard = guard  # type: ignore[attr-defined]  # the mark that ``guard_of`` reads
        return handler

    return mark


#: The route serves everybody, signed in or not.
public = _guarded(Guard(is_public=True))
#: The route serves everybody who is signed in.
signed_in = _guarded(Guard())


def takes_files(handler: Handler) -> Handler:
    """The route takes uploads, which are larger than any other form; asked for after the right to call it."""
    handler.takes_files = True  # type: ignore[attr-defined]  # the mark that the edge reads
    return handler


def guard_of(handler: Any) -> Guard | None:
    """The guard of a view function; None for one that has none and therefore stays closed."""
    return getattr(handler, "guard", None)


__all__ = ["Guard", "expose", "guard_of", "needs", "public", "signed_in", "takes_files"]
