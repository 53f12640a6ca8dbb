"""The command line: options, text and tables for people, one command per file."""
