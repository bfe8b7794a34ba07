"""The parts of the Source page, each a function that draws it."""
