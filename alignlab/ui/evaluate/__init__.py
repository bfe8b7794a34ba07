"""What the Evaluate pages share."""
