"""Documents and screens drawn by template, and pairs of them that are copies or are not."""
