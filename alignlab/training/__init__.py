"""Recipes and training loops."""
