"""One file per statement: its proof in words, and steps of it that a machine checks."""
