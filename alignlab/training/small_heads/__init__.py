"""Small heads on the frozen latents of a run: the 20 variables with intervals, and the class with probabilities."""
