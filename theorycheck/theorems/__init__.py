"""The theorems, one per file; `registry` orders them from cheapest to dearest."""
