"""Parts of the Populations page."""
