"""The query log: what was searched for, which results were opened, and which queries are popular."""
