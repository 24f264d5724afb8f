"""Judged queries: query sets of the site, collections in the BEIR form, and measurements of search and encoders."""
