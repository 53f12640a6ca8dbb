"""The problem: network, masks and allocation, the files they come from, other people's objects."""
