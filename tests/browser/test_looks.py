"""How the page looks and reads: axe on every view in both themes, phones, keyboard only, motion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import Site, Watched, choose, until, wait_for_hits

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

GRAVE = ("serious", "critical")


def to_search(page: Page, site: Site) -> None:
    page.goto("/")
    choose(page, site.extra / "asked.jpg")


def to_region(page: Page, site: Site) -> None:
    to_search(page, site)
    page.get_by_role("button", name="Select an area").click()
    page.wait_for_url("**region=**")
    wait_for_hits(page)


def to_compare(page: Page, site: Site) -> None:
    to_search(page, site)
    page.get_by_role("button", name="Compare:").first.click()
    page.get_by_role("dialog").locator(".overlay").wait_for()


def to_beside(page: Page, site: Site) -> None:
    to_compare(page, site)
    page.get_by_role("radio", name="Side by side").check()


def to_help(page: Page, site: Site) -> None:
    page.goto("/")
    page.get_by_role("button", name="Keyboard shortcuts").click()


def to_landing(page: Page, site: Site) -> None:
    page.goto("/")
    page.locator(".suggestions .tile").first.wait_for()


def to_browse(page: Page, site: Site) -> None:
    page.goto("/browse")
    page.locator(".tile").first.wait_for()
    page.locator("summary").click()


def to_map(page: Page, site: Site) -> None:
    page.goto("/map")
    page.get_by_role("application").press("+")
    page.locator(".map-card").wait_for()


def to_duplicates(page: Page, site: Site) -> None:
    page.goto("/duplicates")
    page.get_by_role("checkbox").first.check()


def to_confirm(page: Page, site: Site) -> None:
    to_duplicates(page, site)
    page.get_by_role("button", name="Move to trash").click()


def to_index(page: Page, site: Site) -> None:
    page.goto("/index")
    page.locator(".facts").wait_for()


def to_error(page: Page, site: Site) -> None:
    page.goto(f"/?q={'0' * 32}")
    page.get_by_role("link", name="New search").wait_for()


VIEWS = (
    to_landing,
    to_search,
    to_region,
    to_compare,
    to_beside,
    to_browse,
    to_map,
    to_duplicates,
    to_confirm,
    to_index,
    to_help,
    to_error,
)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS, ids=[view.__name__.removeprefix("to_") for view in VIEWS])
def test_axe_finds_nothing_grave(
    view: Callable[[Page, Site], None],
    theme: str,
    new_page: Callable[..., Page],
    site: Site,
    watched: Watched,
) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright",
        reason="axe is not tested: no axe-playwright-python",
    )
    if view is to_error:
        watched.allowed.append("status of 404")
    page = new_page(base_url=site.url, color_scheme=theme, reduced_motion="reduce")
    view(page, site)
    found = axe.Axe().run(page).response["violations"]
    grave = [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]
    assert grave == []


def test_axe_on_the_first_run(new_page: Callable[..., Page], empty_site: str) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright",
        reason="axe is not tested: no axe-playwright-python",
    )
    page = new_page(base_url=empty_site)
    page.goto("/")
    page.get_by_role("heading", name="Add your first folder").wait_for()
    assert [
        one["id"] for one in axe.Axe().run(page).response["violations"] if one["impact"] in GRAVE
    ] == []


@pytest.mark.parametrize(
    "view",
    [to_landing, to_search, to_browse, to_map, to_duplicates, to_index],
    ids=lambda view: view.__name__.removeprefix("to_"),
)
def test_on_a_phone(
    view: Callable[[Page, Site], None], new_page: Callable[..., Page], site: Site
) -> None:
    page = new_page(
        base_url=site.url, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    view(page, site)
    assert page.evaluate("Math.max(innerWidth, document.documentElement.scrollWidth)") <= 390
    places = page.get_by_role("navigation", name="Main").bounding_box()
    assert places
    assert places["y"] + places["height"] == pytest.approx(844, abs=1)  # within reach of a thumb
    small = page.locator("a:visible, button:visible").evaluate_all(
        "all => all.filter((one) => !one.closest('.skip, p, li, .brand') && one.getBoundingClientRect().height < 24).map((one) => one.outerHTML)"
    )
    assert small == []


def test_themes(new_page: Callable[..., Page], site: Site) -> None:
    page = new_page(base_url=site.url, color_scheme="dark")
    page.goto("/")
    background = "() => getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)
    page.get_by_role("button", name="Theme").click()  # light
    light = page.evaluate(background)
    assert dark != light
    page.reload()
    assert page.evaluate(background) == light
    page.get_by_role("button", name="Theme").click()
    assert page.evaluate(background) == dark
    page.get_by_role("button", name="Theme").click()  # as the system
    page.emulate_media(color_scheme="light")
    assert page.evaluate(background) == light


def test_without_motion(new_page: Callable[..., Page], site: Site) -> None:
    page = new_page(base_url=site.url, reduced_motion="reduce")
    to_search(page, site)
    moving = page.evaluate(
        "() => document.getAnimations().filter((one) => one.effect.getComputedTiming().duration > 0).length"
    )
    assert moving == 0


def test_keyboard_only(page: Page, site: Site) -> None:
    """From the start to a compared copy without a pointer, the focus seen all the way."""
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    reached = []
    with page.expect_file_chooser() as chooser:  # from here on, as the browser hears of it late
        for _ in range(12):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.textContent.trim()"))
            outlined = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outlined != "none", reached
            if reached[-1] == "Choose a picture":
                break
        assert reached[-1] == "Choose a picture"
        page.keyboard.press("Enter")
    chooser.value.set_files(site.extra / "asked.jpg")
    wait_for_hits(page)
    assert "Results for asked.jpg" in page.evaluate("document.activeElement.textContent")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.copy-card .picture')"):
            break
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Compare"
    page.keyboard.press("Enter")
    page.get_by_role("dialog").locator(".overlay").wait_for()
    page.keyboard.press("Escape")
    until(page, "() => document.activeElement.textContent === 'Compare'")


def test_every_picture_has_a_text(asked: Page) -> None:
    without = asked.locator("img").evaluate_all(
        "all => all.filter((one) => !one.alt && !one.closest('[aria-label]')).map((one) => one.outerHTML)"
    )
    assert without == []
