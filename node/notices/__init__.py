"""Telling the owner: on the page always, by e-mail and ntfy where the owner switched it on."""
