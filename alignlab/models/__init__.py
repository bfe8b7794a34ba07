"""Networks and losses (torch, no input or output)."""
