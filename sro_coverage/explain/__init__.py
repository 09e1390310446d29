"""Questions about a plan: what an edit costs, why not, who is missed, the next officer."""
