"""Published standards as dated, cited rule packs, and how far an agency is from each."""

from sro_coverage.mandate.lens import NOTICE, Ask, Distance, lens
from sro_coverage.mandate.pack import K12, Pack, Term, read_packs
from sro_coverage.mandate.subject import read_subject

__all__ = ["K12", "NOTICE", "Ask", "Distance", "Pack", "Term", "lens", "read_packs", "read_subject"]
