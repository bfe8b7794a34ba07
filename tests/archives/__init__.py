"""Servers of ours that speak the archives' protocols over real HTTP on this machine, for tests."""
