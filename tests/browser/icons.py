"""The icons of the page as PNG, drawn from its two SVG files: ``python -m tests.browser.icons``.

Phones take a PNG where a browser takes an SVG. Run it after a change of either drawing.
"""

from __future__ import annotations

import io
import os
from typing import Final

from PIL import Image
from playwright.sync_api import sync_playwright

from node.web.render import STATIC_DIRECTORY

CHROMIUM: Final = "/usr/bin/chromium"
DRAWN: Final = {
    "icon-192.png": ("icon.svg", 192),
    "icon-512.png": ("icon.svg", 512),
    "icon-maskable-512.png": ("icon-maskable.svg", 512),
    "apple-touch-icon.png": ("icon-maskable.svg", 180),
}
_COLOURS: Final = 64


def main() -> None:
    with sync_playwright() as playwright:
        path = CHROMIUM if os.path.exists(CHROMIUM) else None
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for name, (source, size) in DRAWN.items():
            page = browser.new_page(viewport={"width": size, "height": size})
            drawing = (STATIC_DIRECTORY / source).read_text(encoding="utf-8")
            page.set_content(f"<style>body{{margin:0}}svg{{display:block}}</style>{drawing}")
            shot = page.screenshot(omit_background=True)
            # Few colours: it is one house on one ground.
            picture = Image.open(io.BytesIO(shot)).quantize(_COLOURS)
            picture.save(STATIC_DIRECTORY / name, optimize=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
