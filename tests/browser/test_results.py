"""The results: copies and what was done to them, minimum similarity, filters, scrolling, keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .conftest import (
    LABELS,
    PER_LABEL,
    Site,
    scroll_to_all,
    search_with_file,
    wait_for_other_url,
    wait_for_results,
    wait_until,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page

ALL = len(LABELS) * PER_LABEL + 2  # the identical file is another place of a hit
SHOWN = ".grid .tile:not([hidden])"
MORE_THAN_FIRST = (
    "() => document.querySelectorAll('.tile').length > 24"  # the next page came by itself
)


def in_focus(page: Page) -> str:
    return page.evaluate("document.activeElement.getAttribute('aria-label') ?? ''")


def test_copies_come_first_with_their_changes(search_page: Page) -> None:
    cards = search_page.locator(".copy-card")
    changes = dict(
        zip(
            [text.split("\n")[0] for text in cards.locator(".location").all_inner_texts()],
            cards.locator(".changes").all_inner_texts(),
            strict=True,
        )
    )
    assert "mirrored" in changes["harbour-03.jpg"].lower()
    assert "cropped" in changes["harbour-03.jpg"].lower()
    assert "mirrored" not in changes["harbour-03-mirrored.jpg"].lower()
    assert search_page.locator(".copy-card .badge").first.inner_text() == "Copy"
    first_copy, first_similar = (
        search_page.locator(one).first.bounding_box() for one in (".copy-card", ".grid .tile")
    )
    assert first_copy
    assert first_similar
    assert first_copy["y"] < first_similar["y"]


def test_the_count_is_announced(search_page: Page) -> None:
    text = search_page.locator("#announcements").inner_text()
    assert "3 copies" in text or "2 copies" in text
    assert "similar pictures" in text


def test_tiles_have_their_size_before_pictures_load(search_page: Page) -> None:
    wait_until(search_page, MORE_THAN_FIRST)
    sizes = search_page.locator(".tile img").evaluate_all(
        "all => all.map((one) => [one.width > 0, one.height > 0, one.loading])"
    )
    assert sizes
    assert all(wide and high for wide, high, _ in sizes)
    assert "lazy" in {loading for *_, loading in sizes}


def test_files_of_the_same_bytes_are_one_card(search_page: Page, site: Site) -> None:
    search_with_file(search_page, site.folder / "street" / "street-00-again.jpg")
    (card,) = search_page.locator(".copy-card").all()
    places = card.locator(".places")
    assert places.locator("summary").inner_text() == "and 1 more file"
    assert not places.locator("li").is_visible()
    places.locator("summary").click()
    shown = [card.locator(".location").get_attribute("title"), places.locator("li").inner_text()]
    files = [site.folder / "street" / name for name in ("street-00-again.jpg", "street-00.jpg")]
    assert sorted(shown) == sorted(map(str, files))
    card.get_by_role("button", name="Compare").click()
    search_page.get_by_role("dialog").get_by_text("and 1 more file").wait_for()


def test_counts_of_pictures_agree(page: Page) -> None:
    page.get_by_text(f"in your {ALL} pictures").wait_for()
    page.get_by_role("link", name="Browse", exact=True).click()
    page.locator(".heading").get_by_text(f"{ALL} pictures, newest first").wait_for()
    page.get_by_role("link", name="Gallery", exact=True).click()
    page.locator(".big-number").get_by_text(str(ALL), exact=True).wait_for()
    files = page.locator(".facts").get_by_text("Files", exact=True).locator("+ dd")
    assert files.inner_text() == str(ALL + 1)


def test_scrolling_loads_all_and_does_not_jump(search_page: Page) -> None:
    first = search_page.locator(".tile").first
    before = first.evaluate("one => one.getBoundingClientRect().top + scrollY")
    scroll_to_all(search_page, ".tile, .copy-card", ALL)
    search_page.get_by_text("End of results.").wait_for()
    assert first.evaluate("one => one.getBoundingClientRect().top + scrollY") == before
    names = search_page.locator(".tile a.picture").evaluate_all(
        "all => all.map((one) => one.title)"
    )
    assert len(names) == len(set(names))


def test_back_restores_the_scroll_position(search_page: Page) -> None:
    url = search_page.url
    wait_until(search_page, MORE_THAN_FIRST)
    search_page.mouse.wheel(0, 1500)
    wait_until(search_page, "() => scrollY >= 1500")  # the scroll is animated
    place = search_page.evaluate("scrollY")
    search_page.get_by_role("link", name="Browse").click()
    search_page.get_by_role("heading", name="Browse").wait_for()
    search_page.go_back()
    search_page.wait_for_url(url)
    wait_until(search_page, "place => Math.abs(scrollY - place) < 4", place)


def test_minimum_similarity(search_page: Page) -> None:
    wait_until(search_page, MORE_THAN_FIRST)
    slider = search_page.get_by_label("Minimum similarity")
    everything = search_page.locator(SHOWN).count()
    scores = [
        float(text.split()[-1]) for text in search_page.locator(".grid .score").all_inner_texts()
    ]
    middle = sorted(scores)[len(scores) // 2]
    slider.fill(str(middle))
    search_page.wait_for_url("**min=**")
    shown = search_page.locator(SHOWN).count()
    assert 0 < shown < everything
    assert (
        min(
            float(text.split()[-1])
            for text in search_page.locator(f"{SHOWN} .score").all_inner_texts()
        )
        >= middle - 0.01
    )
    assert search_page.locator(".copy-card").count()  # copies always stay
    search_page.get_by_text("are hidden. Lower the minimum similarity").wait_for()
    search_page.reload()
    wait_for_results(search_page)
    wait_until(
        search_page, f"shown => document.querySelectorAll('{SHOWN}').length === shown", shown
    )
    slider.fill("0")
    wait_until(search_page, "() => !location.search.includes('min')")
    wait_until(
        search_page,
        "before => document.querySelectorAll('.grid .tile:not([hidden])').length >= before",
        everything,
    )


def test_minimum_similarity_by_keyboard(search_page: Page) -> None:
    slider = search_page.get_by_label("Minimum similarity")
    slider.focus()
    for _ in range(5):
        search_page.keyboard.press("ArrowRight")
    search_page.wait_for_url("**min=0.05**")
    assert slider.get_attribute("aria-valuetext") == "0.05"


def test_filters(search_page: Page) -> None:
    search_page.get_by_label("Label (folder name)").fill("street")
    search_page.wait_for_url("**label=street**")
    wait_until(
        search_page,
        "() => [...document.querySelectorAll('.tile-name')].every((one) => one.textContent.startsWith('street'))",
    )
    wait_for_results(search_page)
    assert search_page.locator(".copy-card").count() == 0
    assert "No copies" in search_page.locator(".results-count").inner_text()
    search_page.get_by_label("Width and height").select_option("4000")
    search_page.get_by_text("Nothing found").wait_for()
    search_page.reload()
    search_page.get_by_text("Nothing found").wait_for()
    assert search_page.get_by_label("Width and height").input_value() == "4000"
    search_page.get_by_role("button", name="Clear filters").click()
    search_page.locator(".copy-card").first.wait_for()
    assert "label" not in search_page.url


def test_filters_by_folder_and_date(search_page: Page, site: Site) -> None:
    search_page.get_by_label("Folder", exact=True).fill(str(site.folder / "garden"))
    wait_until(
        search_page,
        "() => document.querySelectorAll('.tile').length && [...document.querySelectorAll('.tile-name')].every((one) => one.textContent.startsWith('garden'))",
    )
    search_page.get_by_label("Modified to").fill("2001-01-01")
    search_page.get_by_text("Nothing found").wait_for()
    search_page.get_by_label("Modified to").fill("2099-01-01")
    search_page.locator(".tile").first.wait_for()


def test_filters_stay_for_the_next_picture(search_page: Page) -> None:
    search_page.get_by_label("Label (folder name)").fill("harbour")
    search_page.wait_for_url("**label=harbour**")
    wait_for_results(search_page)
    before = search_page.url
    search_page.locator(".grid .picture").first.click()
    wait_for_other_url(search_page, before)
    assert "label=harbour" in search_page.url


def test_keys_on_results(search_page: Page) -> None:
    first = search_page.locator(".copy-card .picture").first
    first.focus()
    search_page.keyboard.press("ArrowRight")
    assert in_focus(search_page) == search_page.locator(".copy-card .picture").nth(1).get_attribute(
        "aria-label"
    )
    for _ in range(4):  # past the cards, in one or two rows
        search_page.keyboard.press("ArrowDown")
    assert search_page.evaluate("Boolean(document.activeElement.closest('.tile'))")
    search_page.keyboard.press("Home")
    assert in_focus(search_page) == first.get_attribute("aria-label")
    search_page.keyboard.press("c")
    dialog = search_page.get_by_role("dialog")
    dialog.wait_for()
    search_page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    assert in_focus(search_page) == first.get_attribute("aria-label")
    search_page.keyboard.press("p")
    search_page.get_by_text("Copied the path of").wait_for()
    assert search_page.evaluate("navigator.clipboard.readText()").endswith(".jpg")
    with search_page.context.expect_page() as opened:
        search_page.keyboard.press("o")
    assert "/file" in opened.value.url or opened.value.wait_for_url("**/file") is None
    opened.value.close()
    search_page.bring_to_front()
    search_page.keyboard.press("?")
    search_page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    search_page.keyboard.press("Escape")
    before = search_page.url
    search_page.keyboard.press("Enter")
    wait_for_other_url(search_page, before)


def test_only_one_picture_is_a_tab_stop(search_page: Page) -> None:
    assert search_page.locator('.results .picture[tabindex="0"]').count() == 1
    search_page.locator(".grid .picture").nth(3).focus()
    assert search_page.locator('.results .picture[tabindex="0"]').count() == 1


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
    search_with_file(page, site.extra / "query.jpg")
    wait_until(
        page,
        "() => [...document.querySelectorAll('.copy-card img')].every((one) => one.complete && one.naturalWidth)",
    )
    assert seen
    for answer in seen:
        assert answer.headers["content-type"] == "image/webp"
        assert "immutable" in answer.headers["cache-control"]


def test_actions_with_the_mouse(search_page: Page) -> None:
    tile = search_page.locator(".tile").first
    tile.hover()
    tile.get_by_role("button", name="Copy path").click()
    search_page.get_by_text("Copied the path of").wait_for()
    search_page.get_by_role("button", name="Copy link").click()
    search_page.get_by_text("Copied the link to this search").wait_for()
    assert search_page.evaluate("navigator.clipboard.readText()") == search_page.url


def test_show_in_folder(search_page: Page) -> None:
    """With a server that says it can; no file manager is started."""
    info = search_page.request.get("/api/v1/info").json()
    revealed = []
    search_page.route(
        "**/api/v1/info", lambda route: route.fulfill(json={**info, "can_reveal": True})
    )
    search_page.route(
        "**/reveal", lambda route: (revealed.append(route.request.url), route.fulfill(status=204))
    )
    search_page.reload()
    wait_for_results(search_page)
    search_page.locator(".copy-card .picture").first.focus()
    search_page.keyboard.press("r")
    wait_until(
        search_page,
        "() => performance.getEntriesByType('resource').some((one) => one.name.endsWith('/reveal'))",
    )
    assert len(revealed) == 1
