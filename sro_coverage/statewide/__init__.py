"""Every agency of a state: each planned by itself, many at a time."""
