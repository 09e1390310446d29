"""``python -m sro_coverage.cli``."""

from sro_coverage.cli import main

main()
