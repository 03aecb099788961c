"""The same engine in a virtual world: networks, faults, populations and oracles."""
