"""One process of many that make customers at once: ``python -m tests.number_race URL KEY…``.

Five people of it succeed with the opportunities of these keys, from the moment on at which a line comes in.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from app import create_app
from tests.browsing import Browser
from tests.conftest import settings_for

THREADS = 5


def main(url: str, keys: list[str]) -> None:
    """Print the status of every answer."""
    app = create_app(settings_for(url))
    app.config["WTF_CSRF_ENABLED"] = False
    browsers = [Browser(app, "manager_a") for _ in range(THREADS)]

    def succeed(place: int) -> list[int]:
        paths = (f"/opportunities/move/succeed/{key}" for key in keys[place::THREADS])
        return [browsers[place].post(path).status_code for path in paths]

    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(THREADS) as pool:
        print(json.dumps([status for answers in pool.map(succeed, range(THREADS)) for status in answers]))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
