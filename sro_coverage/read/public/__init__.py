"""From public school files to a campus table."""

from sro_coverage.read.public.importer import COLUMNS, Imported, import_public
from sro_coverage.read.public.report import Doubt, FileReport, ImportReport, SiteProposal

__all__ = ["COLUMNS", "Doubt", "FileReport", "ImportReport", "Imported", "SiteProposal", "import_public"]
