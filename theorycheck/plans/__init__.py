"""Plans: orders in which linear systems alone find learnables that match (T13 to T15)."""
