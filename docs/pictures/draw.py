"""Draws README's pictures: the report, the terminal, an alert, and the widget where the tree has its example.

    draw.py ROOT DIRECTORY     run by docs/pictures/make, which installs what this needs
"""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--hide-scrollbars"]
# One picture, and all of them together, in bytes.
LARGEST, ALL = 200_000, 1_000_000

FRAME = """<!DOCTYPE html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 20px 24px; width: max-content; background: {background}; color: {color}; }}
pre {{ margin: 0; font: 14px/1.45 "DejaVu Sans Mono", monospace; }}
b {{ font-weight: 700; }}
</style><pre>{text}</pre>"""

# The colours of a dark terminal, by their ANSI numbers; the eight bright ones behind.
COLORS = ["#3b4048", "#ff7b72", "#56d364", "#e3b341", "#6cb6ff", "#d2a8ff", "#56d4dd", "#d0d7de"]
COLORS += ["#8b949e", "#ff9086", "#7ee787", "#f2cc60", "#79c0ff", "#e2c5ff", "#7ee8ef", "#ffffff"]

# What `gateprobe inventory --format json` would say of a small account.
OPEN = {"authorization": "NONE"}
TREE = {"/health": {"GET": OPEN}, "/orders": {"GET": OPEN, "POST": OPEN}, "/orders/{orderId}": {"GET": OPEN}}
INVENTORY = {
    "version": 1,
    "region": "us-east-1",
    "read_at": 1_790_000_000,
    "apis": [
        {
            "id": "o7rd3rs1ab",
            "name": "orders",
            "stages": [{"name": "prod", "deployment": "ord001"}],
            "deployments": {"ord001": {"source": "apisummary", "tree": TREE}},
            "edited": TREE,
        }
    ],
}


def ansi(text: str) -> str:
    """Terminal output as HTML: bold and the sixteen colours are all that the program uses."""
    out, bold, color = [], False, ""
    for part in re.split(r"(\x1b\[[0-9;]*m)", text):
        code = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
        if not code:
            style = f"color:{color};" * bool(color) + "font-weight:700" * bold
            out.append(f'<span style="{style}">{html.escape(part)}</span>' if style else html.escape(part))
            continue
        for number in [int(number or 0) for number in code[1].split(";")]:
            if number == 0:
                bold, color = False, ""
            elif number == 1:
                bold = True
            elif 30 <= number <= 37:
                color = COLORS[number - 30]
            elif 90 <= number <= 97:
                color = COLORS[number - 82]
    return "".join(out)


def terminal(browser: Browser, path: Path, command: str, text: str) -> None:
    """A picture of a terminal in which the command was run."""
    body = f'<span style="color:#8b949e">$ {html.escape(command)}</span>\n{ansi(text.strip(chr(10)))}'
    framed(browser, path, FRAME.format(background="#0f1317", color="#d0d7de", text=body))


def framed(browser: Browser, path: Path, page: str) -> None:
    window = browser.new_page(viewport={"width": 1400, "height": 600})
    window.set_content(page)
    window.locator("body").screenshot(path=path)
    window.close()


def report(browser: Browser, page: Path, path: Path, scheme: str) -> None:
    """The head of the report, with the first problem opened."""
    window = browser.new_page(viewport={"width": 1120, "height": 980}, color_scheme=scheme)
    window.goto(page.as_uri())
    window.locator(".card summary").first.click()
    window.mouse.move(0, 0)
    window.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    window.screenshot(path=path)
    window.close()


def methods(browser: Browser, page: Path, path: Path, scheme: str) -> None:
    """The tree of methods on a phone."""
    window = browser.new_page(viewport={"width": 390, "height": 780}, color_scheme=scheme)
    window.goto(page.as_uri())
    window.evaluate("document.querySelector('#methods').scrollIntoView({ behavior: 'instant' })")
    window.screenshot(path=path)
    window.close()


def alert(root: Path) -> str:
    """The body of an e-mail, as the test of the messages keeps it."""
    kept = root / "src/report/message/snapshots"
    return (kept / "gateprobe__report__message__tests__opened_single.snap").read_text().split("\n---\n", 1)[1].strip("\n")


def main() -> None:
    root, out = Path(sys.argv[1]), Path(sys.argv[2])
    program = root / "target/debug/gateprobe"
    environment = {"COLUMNS": "104", "PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true"}

    def run(*arguments: str, directory: str) -> str:
        made = subprocess.run([program, *arguments], cwd=directory, env=environment, capture_output=True, text=True, timeout=120)
        if made.returncode == 2 or not made.stdout:
            sys.exit(f"gateprobe {' '.join(arguments)} made no picture: {made.stderr}")
        return made.stdout

    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=FLAGS)
        shown = run("demo", "--color", "always", directory=directory)
        page = Path(directory, "gateprobe-report.html")
        for scheme in ("light", "dark"):
            report(browser, page, out / f"report-{scheme}.png", scheme)
        methods(browser, page, out / "report-phone.png", "light")
        # The table, the counts and the first diagnoses; what follows is more of the same.
        lines = shown.split("\n")
        starts = [index for index, line in enumerate(lines) if "error" in line and "[" in line]
        terminal(browser, out / "demo.png", "gateprobe demo", "\n".join(lines[: starts[2]]) + "\n…")
        # A saved answer and a saved inventory need neither an account nor a network.
        url = "https://o7rd3rs1ab.execute-api.us-east-1.amazonaws.com/prod/ordres"
        saved = Path(directory, "answer.txt")
        saved.write_text(
            'HTTP/1.1 403 Forbidden\r\nx-amzn-ErrorType: MissingAuthenticationTokenException\r\n\r\n{"message":"Missing Authentication Token"}'
        )
        inventory = Path(directory, "inventory.json")
        inventory.write_text(json.dumps(INVENTORY))
        words = ["diagnose", "--inventory", "inventory.json", "--response", "answer.txt", url]
        told = run("--color", "always", *words, directory=directory)
        terminal(browser, out / "diagnose.png", " ".join(["gateprobe", *words]), told)
        framed(browser, out / "alert.png", FRAME.format(background="#fff", color="#1c2128", text=html.escape(alert(root))))
        if (root / "examples/widget.rs").exists():
            widget = Path(directory, "widget.html")
            subprocess.run(
                ["cargo", "run", "--locked", "--quiet", "--example", "widget", "--", "--plain", "light", "overview", str(widget)],
                cwd=root, check=True, timeout=1500,
            )
            window = browser.new_page(viewport={"width": 900, "height": 700})
            window.goto(widget.as_uri())
            window.screenshot(path=out / "widget.png")
        browser.close()
    sizes = {path.name: path.stat().st_size for path in sorted(out.glob("*.png"))}
    for name, size in sizes.items():
        print(f"{name}: {size} bytes")
    if max(sizes.values()) > LARGEST or sum(sizes.values()) > ALL:
        sys.exit(f"too large: expected at most {LARGEST} bytes each and {ALL} together")


if __name__ == "__main__":
    main()
