"""Accessibility: axe on every view in both themes, phones, keyboard only, reduced motion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import (
    PHONE,
    ConsoleErrors,
    Site,
    wait_for_results,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

GRAVE = ("serious", "critical")
BACKGROUND = "() => getComputedStyle(document.body).backgroundColor"


def to_search(page: Page, site: Site) -> None:
    page.goto(f"/?q={site.query}")
    wait_for_results(page)


def to_region(page: Page, site: Site) -> None:
    to_search(page, site)
    page.get_by_role("button", name="Select an area").click()
    page.wait_for_url("**region=**")
    wait_for_results(page)


def to_compare(page: Page, site: Site) -> None:
    to_search(page, site)
    page.get_by_role("button", name="Compare:").first.click()
    page.get_by_role("dialog").locator(".overlay").wait_for()


def to_side_by_side(page: Page, site: Site) -> None:
    to_compare(page, site)
    page.get_by_role("radio", name="Side by side").check()


def to_help(page: Page, _site: Site) -> None:
    page.goto("/")
    page.get_by_role("button", name="Keyboard shortcuts").click()


def to_start(page: Page, _site: Site) -> None:
    page.goto("/")
    page.locator(".suggestions .tile").first.wait_for()


def to_browse(page: Page, _site: Site) -> None:
    page.goto("/browse")
    page.locator(".tile").first.wait_for()
    page.locator("summary").click()


def to_map(page: Page, site: Site) -> None:
    site.wait_for_jobs()
    page.goto("/map")
    page.get_by_role("application").press("+")
    page.locator(".map-card").wait_for()


def to_duplicates(page: Page, site: Site) -> None:
    site.wait_for_jobs()
    page.goto("/duplicates")
    page.get_by_role("checkbox").first.check()


def to_trash(page: Page, site: Site) -> None:
    to_duplicates(page, site)
    page.get_by_role("button", name="Move to trash").click()


def to_gallery(page: Page, _site: Site) -> None:
    page.goto("/index")
    page.locator(".facts").wait_for()


def to_error(page: Page, _site: Site) -> None:
    page.goto(f"/?q={'0' * 32}")
    page.get_by_role("link", name="New search").wait_for()


VIEWS = (
    to_start,
    to_search,
    to_region,
    to_compare,
    to_side_by_side,
    to_browse,
    to_map,
    to_duplicates,
    to_trash,
    to_gallery,
    to_help,
    to_error,
)
PHONE_VIEWS = (to_start, to_search, to_browse, to_map, to_duplicates, to_gallery)


def view_name(view: Callable[[Page, Site], None]) -> str:
    return view.__name__.removeprefix("to_")


def grave_violations(page: Page) -> list[str]:
    """Run axe and describe each element with a serious or critical violation."""
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright",
        reason="axe is not tested: no axe-playwright-python",
    )
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in axe.Axe().run(page).response["violations"]
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("view", VIEWS, ids=view_name)
def test_axe_finds_nothing_grave(
    view: Callable[[Page, Site], None],
    new_page: Callable[..., Page],
    site: Site,
    console_errors: ConsoleErrors,
) -> None:
    if view is to_error:
        console_errors.allowed.append("status of 404")
    page = new_page(base_url=site.url, color_scheme="light", reduced_motion="reduce")
    view(page, site)
    background = page.evaluate(BACKGROUND)
    assert grave_violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(BACKGROUND) != background
    assert grave_violations(page) == []


def test_axe_on_an_empty_gallery(new_page: Callable[..., Page], empty_site: str) -> None:
    page = new_page(base_url=empty_site)
    page.goto("/")
    page.get_by_role("heading", name="Add your first folder").wait_for()
    assert grave_violations(page) == []


@pytest.mark.parametrize("view", PHONE_VIEWS, ids=view_name)
def test_on_a_phone(
    view: Callable[[Page, Site], None], new_page: Callable[..., Page], site: Site
) -> None:
    page = new_page(base_url=site.url, **PHONE)
    view(page, site)
    assert page.evaluate("Math.max(innerWidth, document.documentElement.scrollWidth)") <= 390
    navigation = page.get_by_role("navigation", name="Main").bounding_box()
    assert navigation
    bottom = navigation["y"] + navigation["height"]
    assert bottom == pytest.approx(844, abs=1)  # within reach of a thumb
    small = page.locator("a:visible, button:visible").evaluate_all(
        "all => all.filter((one) => !one.closest('.skip, p, li, .brand') && one.getBoundingClientRect().height < 24).map((one) => one.outerHTML)"
    )
    assert small == []


def test_themes(new_page: Callable[..., Page], site: Site) -> None:
    page = new_page(base_url=site.url, color_scheme="dark")
    page.goto("/")
    dark = page.evaluate(BACKGROUND)
    page.get_by_role("button", name="Theme").click()  # light
    light = page.evaluate(BACKGROUND)
    assert dark != light
    page.reload()
    assert page.evaluate(BACKGROUND) == light
    page.get_by_role("button", name="Theme").click()
    assert page.evaluate(BACKGROUND) == dark
    page.get_by_role("button", name="Theme").click()  # the system's
    page.emulate_media(color_scheme="light")
    assert page.evaluate(BACKGROUND) == light


def test_reduced_motion(new_page: Callable[..., Page], site: Site) -> None:
    page = new_page(base_url=site.url, reduced_motion="reduce")
    to_search(page, site)
    moving = page.evaluate(
        "() => document.getAnimations().filter((one) => one.effect.getComputedTiming().duration > 0).length"
    )
    assert moving == 0


def test_keyboard_only(page: Page, site: Site) -> None:
    """From the start to a comparison without a pointer, with a visible focus all the way."""
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    reached = []
    with page.expect_file_chooser() as chooser:  # from here on, as the browser reports it late
        for _ in range(12):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.textContent.trim()"))
            outlined = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outlined != "none", reached
            if reached[-1] == "Choose a picture":
                break
        assert reached[-1] == "Choose a picture"
        page.keyboard.press("Enter")
    chooser.value.set_files(site.extra / "query.jpg")
    wait_for_results(page)
    assert "Results for query.jpg" in page.evaluate("document.activeElement.textContent")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.copy-card .picture')"):
            break
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Compare"
    page.keyboard.press("Enter")
    page.get_by_role("dialog").locator(".overlay").wait_for()
    page.keyboard.press("Escape")
    wait_until(page, "() => document.activeElement.textContent === 'Compare'")


def test_every_picture_has_alternative_text(search_page: Page) -> None:
    without = search_page.locator("img").evaluate_all(
        "all => all.filter((one) => !one.alt && !one.closest('[aria-label]')).map((one) => one.outerHTML)"
    )
    assert without == []
