"""Catalogues of French and Spanish; see ``node.locales.catalogues`` for how they are kept."""
