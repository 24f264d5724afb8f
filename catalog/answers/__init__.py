"""Answers to questions from the catalogue's own passages, each sentence with the passages it is based on."""
