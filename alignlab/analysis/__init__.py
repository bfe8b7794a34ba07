"""Arrays in, arrays out: similarity, retrieval, regression, correlations, projections."""
