"""What paths alone tell: conflicts, support of the Jacobian, reachability, matchings, peeling."""
