"""Problems made from a base problem by named changes: scenario files, comparisons, sweeps."""
