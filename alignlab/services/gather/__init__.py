"""Gathering a collection from archives, stage by stage; each stage can be planned, stopped and taken up again."""
