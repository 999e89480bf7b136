"""The hits: copies and what was done to them, threshold, filters, endless scrolling, keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .conftest import LABELS, OF_EACH, Site, choose, until, wait_for_hits

if TYPE_CHECKING:
    from playwright.sync_api import Page

ALL = len(LABELS) * OF_EACH + 3
SHOWN = ".grid .tile:not([hidden])"
MORE_THAN_FIRST = "() => document.querySelectorAll('.tile').length > 24"  # more came by itself


def in_focus(page: Page) -> str:
    return page.evaluate("document.activeElement.getAttribute('aria-label') ?? ''")


def test_copies_come_first_and_say_what_was_done(asked: Page) -> None:
    cards = asked.locator(".copy-card")
    said = dict(
        zip(
            [text.split("\n")[0] for text in cards.locator(".location").all_inner_texts()],
            cards.locator(".changes").all_inner_texts(),
            strict=True,
        )
    )
    assert "mirrored" in said["harbour-03.jpg"].lower()
    assert "cropped" in said["harbour-03.jpg"].lower()
    assert "mirrored" not in said["harbour-03-mirrored.jpg"].lower()
    assert asked.locator(".copy-card .badge").first.inner_text() == "Copy"
    first_copy, first_similar = (
        asked.locator(one).first.bounding_box() for one in (".copy-card", ".grid .tile")
    )
    assert first_copy
    assert first_similar
    assert first_copy["y"] < first_similar["y"]


def test_the_count_is_told(asked: Page) -> None:
    said = asked.locator("#announcements").inner_text()
    assert "3 copies" in said or "2 copies" in said
    assert "similar pictures" in said


def test_boxes_are_sized_before_their_pictures_come(asked: Page) -> None:
    until(asked, MORE_THAN_FIRST)
    sizes = asked.locator(".tile img").evaluate_all(
        "all => all.map((one) => [one.width > 0, one.height > 0, one.loading])"
    )
    assert sizes
    assert all(wide and high for wide, high, _ in sizes)
    assert "lazy" in {loading for *_, loading in sizes}


def test_scrolling_brings_all_and_does_not_jump(asked: Page) -> None:
    first = asked.locator(".tile").first
    before = first.evaluate("one => one.getBoundingClientRect().top + scrollY")
    for _ in range(30):
        asked.mouse.wheel(0, 4000)
        if asked.locator(".tile, .copy-card").count() >= ALL:
            break
        asked.wait_for_timeout(100)
    until(asked, "all => document.querySelectorAll('.tile, .copy-card').length === all", ALL)
    asked.get_by_text("End of results.").wait_for()
    assert first.evaluate("one => one.getBoundingClientRect().top + scrollY") == before
    names = asked.locator(".tile a.picture").evaluate_all("all => all.map((one) => one.title)")
    assert len(names) == len(set(names))


def test_back_finds_the_place(asked: Page) -> None:
    url = asked.url
    until(asked, MORE_THAN_FIRST)
    asked.mouse.wheel(0, 1500)
    until(asked, "() => scrollY >= 1500")  # at rest: less is on the way there
    place = asked.evaluate("scrollY")
    asked.get_by_role("link", name="Browse").click()
    asked.get_by_role("heading", name="Browse").wait_for()
    asked.go_back()
    asked.wait_for_url(url)
    until(asked, "place => Math.abs(scrollY - place) < 4", place)


def test_threshold(asked: Page) -> None:
    until(asked, MORE_THAN_FIRST)
    slider = asked.get_by_label("Minimum similarity")
    everything = asked.locator(SHOWN).count()
    scores = [float(text.split()[-1]) for text in asked.locator(".grid .score").all_inner_texts()]
    middle = sorted(scores)[len(scores) // 2]
    slider.fill(str(middle))
    asked.wait_for_url("**min=**")
    shown = asked.locator(SHOWN).count()
    assert 0 < shown < everything
    assert (
        min(float(text.split()[-1]) for text in asked.locator(f"{SHOWN} .score").all_inner_texts())
        >= middle - 0.01
    )
    assert asked.locator(".copy-card").count()  # they are proved
    asked.get_by_text("are hidden. Lower the minimum similarity").wait_for()
    asked.reload()
    wait_for_hits(asked)
    until(asked, f"shown => document.querySelectorAll('{SHOWN}').length === shown", shown)
    slider.fill("0")
    until(asked, "() => !location.search.includes('min')")
    until(
        asked,
        "before => document.querySelectorAll('.grid .tile:not([hidden])').length >= before",
        everything,
    )


def test_threshold_by_keyboard(asked: Page) -> None:
    slider = asked.get_by_label("Minimum similarity")
    slider.focus()
    for _ in range(5):
        asked.keyboard.press("ArrowRight")
    asked.wait_for_url("**min=0.05**")
    assert slider.get_attribute("aria-valuetext") == "0.05"


def test_filters(asked: Page) -> None:
    asked.get_by_label("Label (folder name)").fill("street")
    asked.wait_for_url("**label=street**")
    until(
        asked,
        "() => [...document.querySelectorAll('.tile-name')].every((one) => one.textContent.startsWith('street'))",
    )
    wait_for_hits(asked)
    assert asked.locator(".copy-card").count() == 0
    assert "No copies" in asked.locator(".results-count").inner_text()
    asked.get_by_label("Width and height").select_option("4000")
    asked.get_by_text("Nothing found").wait_for()
    asked.reload()
    asked.get_by_text("Nothing found").wait_for()
    assert asked.get_by_label("Width and height").input_value() == "4000"
    asked.get_by_role("button", name="Clear filters").click()
    asked.locator(".copy-card").first.wait_for()
    assert "label" not in asked.url


def test_filters_by_folder_and_date(asked: Page, site: Site) -> None:
    asked.get_by_label("Folder", exact=True).fill(str(site.folder / "garden"))
    until(
        asked,
        "() => document.querySelectorAll('.tile').length && [...document.querySelectorAll('.tile-name')].every((one) => one.textContent.startsWith('garden'))",
    )
    asked.get_by_label("to", exact=True).fill("2001-01-01")
    asked.get_by_text("Nothing found").wait_for()
    asked.get_by_label("to", exact=True).fill("2099-01-01")
    asked.locator(".tile").first.wait_for()


def test_filters_go_on_with_the_next_picture(asked: Page) -> None:
    asked.get_by_label("Label (folder name)").fill("harbour")
    asked.wait_for_url("**label=harbour**")
    wait_for_hits(asked)
    before = asked.url
    asked.locator(".grid .picture").first.click()
    until(asked, "before => location.href !== before", before)
    assert "label=harbour" in asked.url


def test_keys_over_the_results(asked: Page) -> None:
    first = asked.locator(".copy-card .picture").first
    first.focus()
    asked.keyboard.press("ArrowRight")
    assert in_focus(asked) == asked.locator(".copy-card .picture").nth(1).get_attribute("aria-label")
    for _ in range(4):  # past the cards, which take one row or two
        asked.keyboard.press("ArrowDown")
    assert asked.evaluate("Boolean(document.activeElement.closest('.tile'))")
    asked.keyboard.press("Home")
    assert in_focus(asked) == first.get_attribute("aria-label")
    asked.keyboard.press("c")
    dialog = asked.get_by_role("dialog")
    dialog.wait_for()
    asked.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    assert in_focus(asked) == first.get_attribute("aria-label")
    asked.keyboard.press("p")
    asked.get_by_text("Copied the path of").wait_for()
    assert asked.evaluate("navigator.clipboard.readText()").endswith(".jpg")
    with asked.context.expect_page() as opened:
        asked.keyboard.press("o")
    assert "/file" in opened.value.url or opened.value.wait_for_url("**/file") is None
    opened.value.close()
    asked.bring_to_front()
    asked.keyboard.press("?")
    asked.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    asked.keyboard.press("Escape")
    before = asked.url
    asked.keyboard.press("Enter")
    until(asked, "before => location.href !== before", before)


def test_only_one_picture_is_a_stop_of_tab(asked: Page) -> None:
    assert asked.locator('.results .picture[tabindex="0"]').count() == 1
    asked.locator(".grid .picture").nth(3).focus()
    assert asked.locator('.results .picture[tabindex="0"]').count() == 1


def test_thumbnails_are_small_and_webp(page: Page, site: Site) -> None:
    seen = []
    page.on(
        "response",
        lambda answer: (
            seen.append(answer)
            if "/thumbnail" in answer.url and "/pictures/" in answer.url
            else None
        ),
    )
    choose(page, site.extra / "asked.jpg")
    until(
        page,
        "() => [...document.querySelectorAll('.copy-card img')].every((one) => one.complete && one.naturalWidth)",
    )
    assert seen
    for answer in seen:
        assert answer.headers["content-type"] == "image/webp"
        assert "immutable" in answer.headers["cache-control"]


def test_actions_with_the_mouse(asked: Page) -> None:
    tile = asked.locator(".tile").first
    tile.hover()
    tile.get_by_role("button", name="Copy path").click()
    asked.get_by_text("Copied the path of").wait_for()
    asked.get_by_role("button", name="Copy link").click()
    asked.get_by_text("Copied the link to this search").wait_for()
    assert asked.evaluate("navigator.clipboard.readText()") == asked.url


def test_show_in_folder(asked: Page) -> None:
    """Where the server can; the file manager itself is left alone."""
    info = asked.request.get("/api/v1/info").json()
    revealed = []
    asked.route("**/api/v1/info", lambda route: route.fulfill(json={**info, "can_reveal": True}))
    asked.route(
        "**/reveal", lambda route: (revealed.append(route.request.url), route.fulfill(status=204))
    )
    asked.reload()
    wait_for_hits(asked)
    asked.locator(".copy-card .picture").first.focus()
    asked.keyboard.press("r")
    until(
        asked,
        "() => performance.getEntriesByType('resource').some((one) => one.name.endsWith('/reveal'))",
    )
    assert len(revealed) == 1
