"""What staff say about lists of recommendations, who is shown which, and what came of them."""
