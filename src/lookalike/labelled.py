"""A folder of labelled pictures: the leaf folder names the label."""
