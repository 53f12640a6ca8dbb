"""The theorems, one per file; `registry` puts the cheapest first."""
