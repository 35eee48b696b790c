"""From predictions to numbers: the one scorer, comparisons, controls and what the papers print."""
