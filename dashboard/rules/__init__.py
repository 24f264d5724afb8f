"""Staff pages for rules and synonyms: lists, the editor, and its live preview."""
