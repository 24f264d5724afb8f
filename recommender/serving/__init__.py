"""What staff set for lists of recommendations, who is shown which list, and what came of them."""
