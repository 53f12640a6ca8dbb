"""Reports as web pages: one self-contained file, which loads nothing from anywhere."""
