"""What the steps of T7 check: systems whose solutions have a closed form."""
