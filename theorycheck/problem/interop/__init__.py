"""Other libraries' objects: torch modules, safetensors files, sparse matrices, pandas frames."""
