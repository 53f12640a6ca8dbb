"""How work is done whatever it is: its limits in time and effort, progress, processes, arrays."""
