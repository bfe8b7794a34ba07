"""alignlab: X-ray sources seen through their spectra and the papers about them."""

__version__ = "0.1.0"
