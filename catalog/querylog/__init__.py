"""The query log: what was looked for, what was opened of the results, and what many look for."""
