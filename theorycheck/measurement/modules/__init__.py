"""Any torch module as it is: the numerical rank of the Jacobian of its outputs."""
