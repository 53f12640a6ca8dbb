"""What tests wait for: no answer depends on the clock, and only what hangs is ended by one."""

HANGS = 3600.0  # seconds after which another process is taken to hang, however slow the machine is
