"""Staff pages for recommendations: scenarios, weights, experiments, models, and lists viewed as a person."""
