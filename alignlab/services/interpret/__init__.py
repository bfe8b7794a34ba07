"""What a newly observed source is, with the evidence for it and its limits."""
