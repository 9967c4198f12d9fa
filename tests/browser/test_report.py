"""The report in a browser: it says nothing on the console, asks for nothing, fits, and works by mouse and by keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest
from opened import SIZES, opened
from playwright.sync_api import Browser, expect

Pages = dict[str, Path]
PROBLEMS, METHODS = 20, 47
SOME = [("desk", "light"), ("phone", "dark"), ("small phone", "light")]
LOOKS = [("demo", size, scheme) for size in SIZES for scheme in ("light", "dark")]
LOOKS += [(name, size, scheme) for name in ("healthy", "blind", "hostile") for size, scheme in SOME]


@pytest.mark.parametrize(("name", "size", "scheme"), LOOKS)
def test_quiet_fitting_and_accessible(browser: Browser, pages: Pages, name: str, size: str, scheme: str) -> None:
    with opened(browser, pages[name], size, scheme) as window:
        assert window.overflow() <= 0
        # Closed, and with all that it holds.
        assert window.faults() == []
        window.page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
        assert window.overflow() <= 0
        assert window.faults() == []
        window.quiet()


def test_the_demo_tells_its_story(browser: Browser, pages: Pages) -> None:
    with opened(browser, pages["demo"]) as window:
        page = window.page
        expect(page.locator("h1")).to_contain_text("20 problems in us-east-1")
        assert page.locator(".card").count() == PROBLEMS
        assert page.locator(".res .item").count() == METHODS
        wrong = page.locator(".card mark").all_inner_texts()
        assert {"sesions", "ordres", "Products"} <= set(wrong)
        # Each link of the page has its end.
        for link in page.locator("a[href^='#']").all():
            target = (link.get_attribute("href") or "#")[1:]
            assert page.locator(f"[id='{target}']").count() == 1, target


def test_hostile_words_do_not_run(browser: Browser, pages: Pages) -> None:
    with opened(browser, pages["hostile"]) as window:
        assert window.page.evaluate("window.broken") is None
        assert window.page.locator("img, iframe, object, embed, form, base, [style], [onerror]").count() == 0
        assert "s3cret-value" not in window.page.content()
        window.quiet()


def test_the_policy_stops_what_is_not_the_pages_own(browser: Browser, pages: Pages, tmp_path: Path) -> None:
    """Were a word to become markup all the same, it would not run, and would ask for nothing."""
    text = pages["demo"].read_text()
    broken = tmp_path / "broken.html"
    added = "<script>window.broken = 1</script><img src='https://example.invalid/x.png' onerror='window.broken = 2'>"
    broken.write_text(text.replace("<footer>", added + "<footer>"))
    with opened(browser, broken) as window:
        assert window.page.evaluate("window.broken") is None
        assert window.asked == ["https://example.invalid/x.png"]
        assert window.sent == []
        assert any("Content Security Policy" in line for line in window.said)


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_filter_by_mouse(browser: Browser, pages: Pages, size: str) -> None:
    with opened(browser, pages["demo"], size) as window:
        page, told = window.page, window.page.locator("#shown")
        page.get_by_role("button", name="failing").click()
        expect(told).to_contain_text(f"4 of {METHODS} methods, {PROBLEMS} of {PROBLEMS} problems")
        assert page.get_by_role("button", name="failing").get_attribute("aria-pressed") == "true"
        assert window.visible(".res .item") == 4
        page.get_by_role("button", name="healthy").click()
        expect(told).to_contain_text(f"25 of {METHODS} methods")
        page.get_by_role("button", name="failing").click()
        expect(told).to_contain_text(f"21 of {METHODS} methods, 0 of {PROBLEMS} problems")
        assert window.visible(".card") == 0
        page.get_by_role("button", name="healthy").click()
        expect(told).to_have_text("")
        assert window.visible(".card") == PROBLEMS
        page.get_by_label("API", exact=True).select_option("p9ym3nts5z")
        expect(told).to_contain_text(f"8 of {METHODS} methods, 2 of {PROBLEMS} problems, 2 of 13 contract requests")
        assert window.visible("details.api") == 1
        window.quiet()


def test_filter_and_details_by_keyboard(browser: Browser, pages: Pages) -> None:
    with opened(browser, pages["demo"]) as window:
        page, keys, told = window.page, window.page.keyboard, window.page.locator("#shown")

        def focus(name: str) -> None:
            """Goes on by the Tab key until something of that name has the focus, which must be seen."""
            for _ in range(80):
                keys.press("Tab")
                about = page.evaluate(
                    "[document.activeElement.textContent + document.activeElement.id, getComputedStyle(document.activeElement).outlineStyle]"
                )
                assert about[1] != "none", about
                if name in about[0]:
                    return
            raise AssertionError(f"no Tab leads to {name}")

        focus("Skip to the content")
        keys.press("/")
        expect(page.locator("#q")).to_be_focused()
        keys.type("ordres")
        expect(told).to_contain_text(f"0 of {METHODS} methods, 1 of {PROBLEMS} problems")
        keys.press("Escape")
        expect(told).to_have_text("")
        # More than one word: each must be there, the words of what stands above included.
        keys.type("throttle PROD orders")
        expect(told).to_contain_text(f"1 of {METHODS} methods")
        keys.press("Escape")
        focus("failing")
        keys.press("Space")
        expect(told).to_contain_text(f"4 of {METHODS} methods")
        keys.press("Enter")
        expect(told).to_have_text("")
        focus("sesions")
        card = page.locator(".card", has_text="sesions").first
        assert card.get_attribute("open") is None
        assert not card.locator(".steps").is_visible()
        keys.press("Enter")
        expect(card.locator(".steps")).to_be_visible()
        assert card.locator(".steps li").count() == 6
        assert "FAIL" in card.locator(".steps li.failing").inner_text()
        keys.press("Space")
        expect(card.locator(".steps")).not_to_be_visible()
        window.quiet()


def test_a_link_opens_what_it_leads_to(browser: Browser, pages: Pages) -> None:
    with opened(browser, pages["demo"]) as window:
        page = window.page
        link = page.locator(".res a", has_text="throttle").first
        target = page.locator(link.get_attribute("href") or "")
        # What is filtered away comes back.
        page.locator("#q").fill("export")
        page.get_by_role("button", name="failing").click()
        page.locator("#q").fill("throttle")
        link.click()
        expect(target).to_have_attribute("open", "")
        expect(target.locator(".steps")).to_be_in_viewport()
        page.locator("#q").fill("recommendations")
        expect(target).not_to_be_visible()
        page.evaluate("location.hash = '#c-throttle'")
        expect(target).to_be_visible()
        expect(page.locator("#shown")).to_have_text("")


def test_open_all_and_copy(browser: Browser, pages: Pages) -> None:
    with opened(browser, pages["demo"]) as window:
        page = window.page
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.get_by_role("button", name="Open all").click()
        assert page.locator(".card:not([open]), .stage:not([open])").count() == 0
        page.get_by_role("button", name="Copy this command").first.click()
        expect(page.get_by_text("Copied")).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith("curl -i 'http://") and copied.endswith("'")
        page.get_by_role("button", name="Close all").click()
        assert page.locator(".card[open], .stage[open]").count() == 0
        window.quiet()


def test_readable_without_its_script(browser: Browser, pages: Pages) -> None:
    with opened(browser, pages["demo"], script=False) as window:
        page = window.page
        assert not page.locator("#filter").is_visible()
        assert window.visible(".card") == PROBLEMS
        page.locator(".card summary").first.click()
        expect(page.locator(".card .steps").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_print_shows_all(browser: Browser, pages: Pages, scheme: str) -> None:
    with opened(browser, pages["demo"], scheme=scheme) as window:
        page = window.page
        page.locator("#q").fill("nothing has this in it")
        expect(page.locator("#shown")).to_contain_text("0 of")
        page.emulate_media(media="print", color_scheme=scheme)
        for selector, count in ((".card .steps", PROBLEMS), (".card mark", None), (".res .item", METHODS), ("#undeployed li li", 8)):
            total = page.locator(selector).count()
            assert total > 0 and count in (None, total)
            # What is in a closed fold has a size all the same, and is not drawn.
            seen = page.locator(selector).evaluate_all("all => all.map((one) => one.checkVisibility({ visibilityProperty: true }))")
            assert all(seen), selector
        assert not page.locator("#filter").is_visible()
        assert not page.locator("nav").is_visible()
        # Paper is white, whatever the screen was.
        assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
        assert len(page.pdf(format="A4")) > 10_000


@pytest.mark.parametrize("name", ["large-10000", "large-100000"])
def test_a_large_account_opens_and_is_searched(browser: Browser, pages: Pages, name: str) -> None:
    with opened(browser, pages[name]) as window:
        page = window.page
        assert window.overflow() <= 0
        assert page.locator(".res .item").count() == 10_000
        page.locator("#q").fill("service-7 stage3 DELETE")
        # Not by expect, which takes a snapshot of so large a page at each look.
        page.locator("#shown:not(:empty)").wait_for(timeout=60_000)
        assert "of 10000 methods" in page.locator("#shown").inner_text()
        assert ("too large for one page" in page.locator("main").inner_text()) == (name == "large-100000")
        window.quiet()
