"""The parts of the Interpret page, each a function that draws it."""
