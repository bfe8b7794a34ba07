"""What the Runs page shows: the runs of the survey, what can be done with them, and two of them compared."""
