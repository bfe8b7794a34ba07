"""DuckDB artefacts and the SQLite Lab: the only SQL in the project."""
