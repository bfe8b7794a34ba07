"""Aspects, summaries and text vectors."""
