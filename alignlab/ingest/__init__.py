"""Files and archives to surveys."""
