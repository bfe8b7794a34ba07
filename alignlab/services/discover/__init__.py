"""Finding what is worth a telescope: outliers and their reasons, triage, clusters, networks, populations."""
