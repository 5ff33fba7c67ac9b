"""Consent and refusal on a real server whose operator wants the statement, has a list, and a gate: every way in."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from websockets.sync.client import connect

from studio.consent import VERSION
from tests.conftest import Material
from tests.gates import red_gate
from tests.studio.browsing import chromium, give, needs_chromium, opened
from tests.studio.conftest import ROOT, Server, serving
from tests.studio.test_http import files_of, finished, get, send


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("strict")


@pytest.fixture(scope="module")
def strict(place: Path) -> Iterator[Server]:
    with serving(
        place / "data", RECAST_CONSENT="required", RECAST_CREDENTIALS=str(place / "credentials"),
        RECAST_GATE=str(red_gate(place)), RECAST_JOBS_EACH_MINUTE="600", RECAST_LIVE_EACH_MINUTE="600",
    ) as server:  # fmt: skip
        yield server


def token() -> str:
    return secrets.token_urlsafe(32)


def command(place: Path, *words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    known = {**os.environ, "RECAST_CREDENTIALS": str(place / "credentials"), **environment}
    return subprocess.run(
        [sys.executable, "app.py", *map(str, words)], cwd=ROOT, env=known, capture_output=True, text=True, timeout=240
    )


def test_over_http_it_is_stated_once_and_kept_with_each_job(strict: Server, material: Material) -> None:
    before, mine = files_of(strict), token()
    answer = send(strict, material.grace, material.eileen, mine)
    assert (answer.status_code, answer.json()["code"]) == (403, "consent_missing")
    assert "right to use these faces" in answer.json()["error"] and files_of(strict) == before
    began = time.time()
    jobs = [
        send(strict, material.grace, material.eileen, mine, consent="true").json(),
        send(strict, material.grace, material.eileen, mine).json(),
    ]
    statements = [finished(strict, {**job, "token": mine})["consent"] for job in jobs]
    assert statements[0] == statements[1] and statements[0]["how"] == "stated"
    assert statements[0]["version"] == VERSION and began <= statements[0]["at"] <= time.time()
    # Somebody else has not stated it; and the database knows the owner by a fingerprint only.
    assert send(strict, material.grace, material.eileen, token()).status_code == 403
    with sqlite3.connect(strict.data / "jobs.sqlite3") as base:
        rows = base.execute("SELECT owner, consent FROM jobs WHERE id = ?", (jobs[0]["id"],)).fetchall()
        assert json.loads(rows[0][1]) == statements[0] and mine not in str(rows)


def test_the_clients_of_the_page(strict: Server, material: Material) -> None:
    client = Client(strict.url, verbose=False)
    files: dict[str, Any] = {"sources": [handle_file(material.grace)], "target": handle_file(material.eileen)}
    for name in ("/recast_image", "/preview", "/submit_job"):
        with pytest.raises(AppError, match="consent_missing"):
            client.predict(**files, api_name=name)
    _, report = client.predict(**files, consent=True, api_name="/recast_image")
    assert report["state"] == "done"


def test_live_it_is_stated_first(strict: Server) -> None:
    with connect(strict.url.replace("http", "ws", 1) + "/studio/live") as socket:
        socket.send(json.dumps({"type": "hello", "owner": token(), "options": {}}))
        assert json.loads(socket.recv(timeout=60))["code"] == "consent_missing"
    with connect(strict.url.replace("http", "ws", 1) + "/studio/live") as socket:
        socket.send(json.dumps({"type": "hello", "owner": token(), "options": {}, "consent": True}))
        assert json.loads(socket.recv(timeout=60))["type"] == "welcome"


@needs_chromium
def test_on_the_page_a_box_is_ticked_once(strict: Server, material: Material) -> None:
    with chromium() as browser, opened(browser, strict.url) as page:
        give(page, material.grace, material.eileen)
        page.click("#go")
        page.wait_for_function("document.querySelector('#status').textContent.includes('State first')")
        assert page.evaluate("document.activeElement.type") == "checkbox"
        box = page.locator(".act .consent input")
        # Whoever goes on at once, before the server has heard of it, is not told to state it first.
        held: list[Any] = []
        page.route("**/studio/consent", lambda route: held.append(route))
        box.check()
        page.click("#go")
        page.wait_for_timeout(200)
        held[0].continue_()
        page.unroute("**/studio/consent")
        page.wait_for_selector(".act .consent input:disabled")
        # The tick is white: it is seen on a fill only.
        assert box.evaluate("(box) => getComputedStyle(box).backgroundColor") not in ("rgba(0, 0, 0, 0)", "transparent")
        page.wait_for_selector("#done-line", timeout=120_000)
        page.reload()
        page.wait_for_selector("#go", state="attached")
        page.wait_for_timeout(500)
        assert page.locator(".act .consent input").count() == 0


@needs_chromium
def test_the_page_shows_nobody_with_another_face_before(strict: Server, material: Material) -> None:
    with chromium() as browser, opened(browser, strict.url) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        give(page, material.grace, material.eileen)
        box = page.locator(".stage .consent input")
        box.wait_for()
        assert page.inner_text(".stage .hint") == "Tick the box to see the preview."
        assert page.locator(".layer.after img").count() == 0
        assert not any(url.endswith("desk/preview") for url in asked)
        box.focus()
        page.keyboard.press("Space")
        page.wait_for_selector(".layer.after img")
        page.wait_for_function("document.querySelector('.stage .hint').textContent == 'Preview of this frame'")
        assert not box.is_visible() and page.locator(".act .consent input").is_checked()
        # Who works by keyboard is not thrown back to the top.
        assert page.evaluate("document.querySelector('.stage .tools').contains(document.activeElement)")
        page.reload()
        page.wait_for_selector("#go")
        give(page, material.grace, material.eileen)
        page.wait_for_selector(".layer.after img")
        assert page.locator(".consent input").count() == 0


def test_the_pages_preview_asks_as_the_other_ways_do(strict: Server) -> None:
    given = {"target": "a.png", "moment": 0, "everyone": ["b.png"], "roles": {}, "options": {}}
    headers = {"X-Recast-Token": token()}
    answer = httpx.post(f"{strict.url}/studio/desk/preview", json=given, headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (403, "consent_missing")


@needs_chromium
def test_where_it_is_implied_a_sentence_says_so(server: Server) -> None:
    with chromium() as browser, opened(browser, server.url, locale="de-DE") as page:
        page.wait_for_selector(".act .consent p")
        assert "Mit dem Start erklärst du" in page.inner_text(".act .consent")


def test_what_the_operator_refuses_is_told_everywhere(strict: Server, place: Path, material: Material) -> None:
    mine = token()
    red = place / "red.png"
    cv2.imwrite(str(red), np.maximum(cv2.imread(str(material.eileen)), np.array([0, 0, 220], np.uint8)))
    job = send(strict, material.grace, red, mine, consent="true").json()
    assert finished(strict, {**job, "token": mine})["error"] == {
        "code": "content_refused", "message": "The operator of this server does not allow this content.",
    }  # fmt: skip
    added = command(place, "identities", "add", material.grace, "--name", "Grace Hopper")
    assert added.returncode == 0 and added.stderr == "'Grace Hopper' is blocked from now on. No photo was kept.\n"
    try:
        # The server that runs already knows it.
        for source, target, words in (
            (material.grace, material.eileen, "as a source"), (material.eileen, material.grace, "in the target"),
        ):  # fmt: skip
            job = send(strict, source, target, mine).json()
            error = finished(strict, {**job, "token": mine})["error"]
            assert error["code"] == "identity_refused" and words in error["message"]
            assert get(strict, f"/download/{job['id']}", mine).status_code == 409
            done = command(place, "--headless", "-s", source, "-t", target, "-o", place / "result.png", "--json")
            assert done.returncode == 4 and json.loads(done.stdout)["error"]["code"] == "identity_refused"
        assert not (place / "result.png").exists()
        with pytest.raises(AppError, match="identity_refused"):
            Client(strict.url, verbose=False).predict(
                sources=[handle_file(material.grace)], target=handle_file(material.eileen), consent=True,
                api_name="/recast_image",
            )  # fmt: skip
        listed = json.loads(command(place, "identities", "list", "--json").stdout)["identities"]
        assert [(one["name"], one["list"]) for one in listed] == [("Grace Hopper", "blocked")]
    finally:
        assert command(place, "identities", "remove", added.stdout.strip()).returncode == 0
    assert command(place, "identities", "remove", "nobody").returncode == 2
    assert command(place, "identities", "add", material.empty, "--name", "nobody").returncode == 3


def test_the_command_line_notes_it_and_asks_where_the_operator_wants(place: Path, material: Material) -> None:
    words = ("--headless", "-s", material.grace, "-t", material.eileen, "-o", place / "stated.png", "--json")
    done = command(place, *words, RECAST_CONSENT="required")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (4, "consent_missing")
    for more, how, environment in (((), "implied", {}), (("--consent",), "stated", {"RECAST_CONSENT": "required"})):
        done = command(place, *words, *more, **environment)
        assert done.returncode == 0 and json.loads(done.stdout)["consent"]["how"] == how
    with sqlite3.connect(place / "made.sqlite3") as base:
        rows = base.execute("SELECT consent FROM results ORDER BY number DESC LIMIT 2").fetchall()
    assert [json.loads(row[0])["how"] for row in rows] == ["stated", "implied"]


@needs_chromium
def test_the_label_is_set_up_where_it_is_wanted(server: Server) -> None:
    with chromium() as browser, opened(browser, server.url) as page:
        page.click("#advanced summary")
        assert page.locator("#option-label_corner").count() == 0
        page.get_by_text("Icon", exact=True).click()
        page.select_option("#option-label_corner", "top-left")
        page.get_by_text("None", exact=True).first.click()
        page.wait_for_selector("#option-label_corner", state="detached")
