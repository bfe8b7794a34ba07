"""The Train page: a recipe to fill in, the queue, and a training to watch."""
