"""A street of seven real homes on one machine, to look at before one has friends here."""
