"""The page in a real browser, against a real server over a gallery of drawn pictures."""
