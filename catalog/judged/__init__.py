"""Judged queries: query sets of the site, collections in the BEIR format, and measurements of search and encoders."""
