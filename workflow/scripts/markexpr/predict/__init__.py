"""Samples of a user's own: which models predict them, what rules ask, what all fits say."""
