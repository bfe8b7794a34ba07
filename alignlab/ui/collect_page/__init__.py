"""The Collect page: a survey from the archives, counted before it is fetched, and watched while it comes."""
