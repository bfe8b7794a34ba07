"""Energy grid, readers, responses, absorption, emission, simulator, measurements."""
