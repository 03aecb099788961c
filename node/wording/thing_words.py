"""What categories are called, and licences that can be chosen, for page and terminal.

Spec: §5.7.
"""

from __future__ import annotations

from typing import Final

from node.i18n import N_

CATEGORIES: Final = {
    "home": N_("For the home"),
    "kitchen": N_("Kitchen"),
    "tools": N_("Tools"),
    "garden": N_("Garden"),
    "music": N_("Music"),
    "books": N_("Books"),
    "films-games": N_("Films and games"),
    "electronics": N_("Electronics"),
    "sport": N_("Sport and outdoors"),
    "vehicles": N_("Bicycles and vehicles"),
    "children": N_("Children"),
    "clothes": N_("Clothes"),
    "space": N_("Rooms and places"),
    "other": N_("Something else"),
}
"""By the words of ``node.engine.views.things``, in the order in which they are offered."""

LICENCES: Final = (
    "CC0", "CC BY", "CC BY-SA", "CC BY-NC", "CC BY-NC-SA", "CC BY-ND", "CC BY-NC-ND",
)  # fmt: skip
"""Names that are the same in every language; anything else can be written."""

LICENCE_WORDS: Final = (N_("public domain"), N_("own work"))
