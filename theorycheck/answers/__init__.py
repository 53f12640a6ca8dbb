"""What people ask about an allocation: classify, explain, estimate, capacity, design, repair."""
