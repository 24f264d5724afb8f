"""Pictures: where they are, how they are had, and what is made of files that anybody may have sent."""
