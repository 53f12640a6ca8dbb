"""What the tool says of about 2,000 problems, written down, so that a redesign can show no change.

    python -m tests.record write FILE [--jobs 2]
    python -m tests.record compare OLD NEW

The record holds only what the same code always says: no times, dates and versions, and all limits
are those of work. It comes from public names of `theorycheck` and from its command line alone, so
that everything else may move.
"""
