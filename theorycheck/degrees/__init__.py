"""The degree of an allocation: how many complex solutions its equations have, and which ones."""
