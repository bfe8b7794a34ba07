"""Durable background work: a queue (DBOS), a worker process, and what a job is."""
