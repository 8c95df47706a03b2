"""Long work that is asked for over HTTP: imports, exports, and changes of all records that match a filter, as jobs."""
