"""What the steps of T9 check: networks and draws without a row or a column."""
