"""Presets on the page: saved, chosen again, handed on, taken away; a hosted studio leaves them in the browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio.presets import Presets
from tests.conftest import Material
from tests.studio.browsing import give, needs_chromium, opened
from tests.studio.conftest import Server, serving

pytestmark = [needs_chromium, pytest.mark.slow, pytest.mark.timeout(600)]


def put(page: Any, light: float) -> None:
    page.locator("#option-match_light").fill(str(light))


def save(page: Any, name: str) -> None:
    page.click("text=Save as a preset")
    page.fill("#preset-name", name)
    page.keyboard.press("Enter")


def chosen(page: Any) -> str:
    return str(page.locator("#preset").evaluate("(select) => select.selectedOptions[0].textContent"))


def load(page: Any, path: Path) -> None:
    page.set_input_files("#preset-file", path)


def test_a_name_that_is_being_typed_outlives_other_settings(browser: Any, server: Server, material: Material) -> None:
    """A new target, and a choice that brings further settings, draw them all anew."""
    presets = Presets(server.data / "presets")
    try:
        with opened(browser, server.url) as page:
            page.click("#advanced summary")
            put(page, 0.5)
            page.click("text=Save as a preset")
            page.type("#preset-name", "Half")
            page.set_input_files("#target-file", material.eileen)
            page.wait_for_selector("#target .target-row.ready")
            page.wait_for_selector("#option-codec", state="detached")  # a picture has no codec
            page.keyboard.type(" way")
            assert page.input_value("#preset-name") == "Half way"
            page.locator("[name=option-label][value=text]").check(force=True)
            page.wait_for_selector("#option-label_corner")
            put(page, 0.3)
            page.focus("#preset-name")
            page.keyboard.press("Enter")
            page.wait_for_selector("#preset")
            assert chosen(page) == "Half way"
            assert presets.get("Half way").options == {"match_light": 0.3, "label": "text"}
            page.wait_for_selector("#preset-name", state="detached")
    finally:
        for preset in presets.all():
            presets.remove(preset.name)


def test_settings_are_saved_chosen_and_handed_on(
    browser: Any, server: Server, material: Material, tmp_path: Path
) -> None:
    presets = Presets(server.data / "presets")
    try:
        with opened(browser, server.url) as page:
            page.click("#advanced summary")
            assert page.locator("#preset").count() == 0
            assert page.locator("text=Save as a preset").is_disabled()
            put(page, 0.5)
            save(page, "Soft light")
            page.wait_for_selector("#preset")
            assert chosen(page) == "Soft light"
            put(page, 0.3)
            assert chosen(page) == "As set below"
            save(page, "Soft light")
            page.wait_for_selector(".preset-tools .said:has-text('There is a preset of that name already.')")
            assert presets.get("Soft light").options == {"match_light": 0.5}
            page.click(".preset-form :text('Replace')")
            page.wait_for_function("document.querySelector('#preset').value === '0'")
            assert presets.get("Soft light").options == {"match_light": 0.3}
        with opened(browser, server.url) as page:
            page.select_option("#preset", label="Soft light")
            page.click("#advanced summary")
            assert page.input_value("#option-match_light") == "0.3"
            with page.expect_download() as download:
                page.click("text=Save the preset as a file")
            file = tmp_path / download.value.suggested_filename
            download.value.save_as(file)
            assert (file.name, json.loads(file.read_text())) == ("Soft light.json", {"match_light": 0.3})
            give(page, material.grace, material.eileen)
            page.click("#go")
            page.wait_for_selector("#download")
            page.reload()  # a job's own settings are those of a preset
            page.wait_for_selector("#download")
            assert chosen(page) == "Soft light"
            page.click("#advanced summary")
            page.click("text=Remove the preset")
            page.wait_for_selector("#preset", state="detached")
            assert presets.all() == () and page.input_value("#option-match_light") == "0.3"
            page.click("text=Back to the usual settings")
            load(page, file)
            page.wait_for_selector("#preset")
            assert chosen(page) == "Soft light" and page.input_value("#option-match_light") == "0.3"
            load(page, file)
            page.wait_for_selector(".preset-form :text('Replace')")
            page.fill("#preset-name", "Another")
            page.keyboard.press("Enter")
            page.wait_for_function("document.querySelectorAll('#preset option').length === 4")
            file.write_text('{"quality": "finest"}')
            load(page, file)
            page.wait_for_selector(".preset-tools .said:has-text('quality has to be one of')")
    finally:
        for preset in presets.all():
            presets.remove(preset.name)


def test_a_hosted_studio_leaves_them_in_the_browser(browser: Any, tmp_path: Path) -> None:
    data = tmp_path / "data"
    Presets(data / "presets").save("Offered", {"match_light": 0.4})
    with serving(data, RECAST_ACCESS="public") as server, opened(browser, server.url, locale="de-DE") as page:
        page.click("#advanced summary")
        page.select_option("#preset", label="Offered")
        assert page.locator("text=Vorlage entfernen").is_hidden()
        put(page, 0.5)
        page.click("text=Als Vorlage sichern")
        page.set_viewport_size({"width": 340, "height": 780})
        fits = "document.querySelector('.preset-form').getBoundingClientRect().right <= innerWidth - 14"
        assert page.evaluate(fits) and page.evaluate("document.documentElement.scrollWidth") <= 340
        page.fill("#preset-name", "Offered")
        page.keyboard.press("Enter")
        page.wait_for_selector(".preset-tools .said:has-text('Dieses Studio bietet')")
        page.fill("#preset-name", "Meine")
        page.keyboard.press("Enter")
        page.wait_for_selector("#preset option:has-text('Meine')", state="attached")
        page.reload()
        page.wait_for_selector("#preset")
        page.select_option("#preset", label="Meine")
        page.click("#advanced summary")
        assert page.input_value("#option-match_light") == "0.5"
        page.click("text=Vorlage entfernen")
        page.wait_for_selector("#preset option:has-text('Meine')", state="detached")
        page.reload()
        page.wait_for_selector("#preset option:has-text('Übliche')", state="attached")  # its words come after the page
        assert page.locator("#preset option").all_inner_texts() == [
            "Übliche Einstellungen",
            "Offered",
            "Wie unten eingestellt",
        ]
        assert [path.name for path in (data / "presets").iterdir()] == ["Offered.json"]
