"""A real browser for tests: the system's Chromium, driven by Playwright; every request and error is recorded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import ROOT

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PHONE = {"width": 390, "height": 844}


class Seen(NamedTuple):
    """An opened page, its errors and its network requests."""

    page: Any
    errors: list[str]
    requests: list[str]


@contextmanager
def chromium() -> Iterator[Any]:
    """Yield a headless Chromium; skip the test on machines without one."""
    from playwright.sync_api import sync_playwright

    named = os.environ.get("PUZZLEGEN_TEST_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)
    if named is None:
        pytest.skip(f"no browser: install one of {', '.join(NAMES)}, or name one in PUZZLEGEN_TEST_BROWSER")
    with sync_playwright() as playwright:
        # The sandbox needs privileges that containers often lack; the pages opened here are our own.
        browser = playwright.chromium.launch(executable_path=named, args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(browser: Any, page_file: Path, **settings: Any) -> Seen:
    page = browser.new_page(**settings)
    errors: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(page_file.as_uri())
    wait_until(page, "document.getElementById('shown')?.textContent")
    return Seen(page, errors, requests)


def wait_until(page: Any, expression: str) -> None:
    """Poll until the expression is true. Playwright's own wait needs eval, which the pages' security policy forbids."""
    for _ in range(300):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never came true: {expression}")


def artefacts() -> Path:
    """The folder for files that people may inspect after a test: PUZZLEGEN_ARTEFACTS, or one that git ignores."""
    folder = Path(os.environ.get("PUZZLEGEN_ARTEFACTS", ROOT / "build" / "artefacts"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def keep_screenshot(page: Any, name: str) -> None:
    page.screenshot(path=artefacts() / f"{name}.png")
