"""What a home says to its owner, in sentences: the same for page, command line and notices."""
