"""The Latents page."""
