"""Loading files into the catalogue: readers, mappings, and runs that continue where a killed process stopped."""

from catalog.importing.items import run_import
from catalog.importing.mapping import MappingError, mapping_from_json
from catalog.importing.rows import FileUnreadable
from catalog.importing.uploads import accept_upload, run_for_file

__all__ = ["FileUnreadable", "MappingError", "accept_upload", "mapping_from_json", "run_for_file", "run_import"]
