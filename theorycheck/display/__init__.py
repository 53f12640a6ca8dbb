"""Results for people: labelled lines, and the same as HTML for notebooks and pages."""
